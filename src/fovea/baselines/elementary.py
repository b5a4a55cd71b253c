"""One still image as a raw video stream: color, padding, and which bytes count.

AVC, HEVC and VVC share all of this. The file is the elementary stream (Annex B) of one intra frame in
full-range BT.709, 4:2:0. It holds parameter sets and slices only. Supplemental information (SEI) and access
unit delimiters are taken out: no decoder needs them, and the letter of hundreds of bytes that x264 and x265
write about their own options would be a tenth and more of a 5 kB file.

These codecs refuse odd sizes at 4:2:0, and very small ones. Then the image is padded by its edge, and two
bytes before the stream say how many columns and rows to cut off again. A stream begins with two zero bytes,
so the two bytes are there only when needed; they count as part of the file.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np

from fovea.baselines.baseline import Picture
from fovea.errors import BaselineError

if TYPE_CHECKING:
    from av import VideoCodecContext, VideoFrame

START_CODE = re.compile(rb"(\x00{2,}\x01)")


def pad(image: Picture, least: int) -> tuple[Picture, bytes]:
    r"""Pads by the edge to even sides of at least ``least`` pixels.

    Args:
        image: uint8 [H, W, 3].
        least: smallest side that the codec takes, even and at most 256.

    Returns:
        The padded image and the header to put before its stream, empty where nothing was padded.

    Example:
        >>> padded, header = pad(np.zeros((427, 640, 3), np.uint8), least=16)
        >>> padded.shape, header
        ((428, 640, 3), b'\x00\x01')
    """
    height, width = image.shape[:2]
    rows, columns = (max(side + side % 2, least) - side for side in (height, width))
    if not rows and not columns:
        return image, b""
    return np.pad(image, ((0, rows), (0, columns), (0, 0)), mode="edge"), bytes((columns, rows))


def strip(stream: bytes, unit_type: Callable[[bytes], int], unneeded: frozenset[int]) -> bytes:
    """Takes units out of an Annex B stream that no decoder needs.

    Args:
        stream: units, each after its start code.
        unit_type: gives the type of a unit, without start code.
        unneeded: the types to take out.
    """
    _, *parts = START_CODE.split(stream)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return b"".join(code + unit for code, unit in pairs if unit_type(unit) not in unneeded)


def to_frame(image: Picture, pixel_format: str) -> "VideoFrame":
    """Converts an image of even sides to full-range BT.709, chroma resampled by Lanczos."""
    from av import VideoFrame

    return _convert(VideoFrame.from_ndarray(image, format="rgb24"), pixel_format)


def decode_frame(decoder: str, data: bytes, threads: int) -> Picture:
    """Decodes a stream of one frame, with or without the header of :func:`pad`, and cuts the padding off.

    Args:
        decoder: FFmpeg's name of it.
        data: header, if any, and Annex B stream.
        threads: threads of the decoder.

    Returns:
        uint8 [H, W, 3], RGB.
    """
    from av import CodecContext

    columns, rows = (0, 0) if data[:2] == b"\0\0" else (data[0], data[1])
    stream = data[2:] if rows or columns else data
    context = cast("VideoCodecContext", CodecContext.create(decoder, "r"))
    context.thread_count = threads
    packets = [*context.parse(stream), *context.parse(b""), None]
    frames = [frame for packet in packets for frame in context.decode(packet)]
    if len(frames) != 1:
        raise BaselineError(f"{decoder}: the data has {len(frames)} frames, it should have one")
    picture = np.asarray(_convert(frames[0], "rgb24").to_ndarray(), np.uint8)
    return picture[: len(picture) - rows, : picture.shape[1] - columns]


def _convert(frame: "VideoFrame", pixel_format: str) -> "VideoFrame":
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    # Without the flags swscale shares chroma between neighbors on its way back to RGB and rounds carelessly.
    resampling = (
        Interpolation.LANCZOS | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
    )
    return frame.reformat(
        format=pixel_format,
        interpolation=resampling,
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.JPEG,
        threads=1,
    )
