"""One still image as an elementary video stream, for AVC, HEVC and VVC.

The file is the byte stream of Annex B of the standards, with one intra frame in full-range BT.709, 4:2:0. It holds
parameter sets and slices only. Supplemental information (SEI) and access unit delimiters are left out: no decoder needs
them, and the hundreds of bytes in which x264 and x265 describe their own options would be more than a tenth of a 5 kB
file.

These codecs refuse odd sizes at 4:2:0, and very small sizes. Such an image is padded by repeating its edge, and two
bytes before the stream give the number of columns and rows to crop. A stream begins with two zero bytes, so the two
bytes are there only when they are needed. They count as part of the file.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np

from fovea.baselines.baseline import Pixels
from fovea.errors import BaselineError

if TYPE_CHECKING:
    from av import VideoCodecContext, VideoFrame

START_CODE = re.compile(rb"(\x00{2,}\x01)")


def pad(image: Pixels, least: int) -> tuple[Pixels, bytes]:
    r"""Pad an image to even sides of at least ``least`` pixels, by repeating its edge.

    Args:
        image: uint8 [H, W, 3].
        least: smallest side that the codec takes, an even number up to 256.

    Returns:
        The padded image, and the header to put before its stream, which is empty where nothing was padded.

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


def drop_units(stream: bytes, unit_type: Callable[[bytes], int], dropped: frozenset[int]) -> bytes:
    """Leave out the NAL units of an Annex B stream that no decoder needs.

    Args:
        stream: NAL units, each after its start code.
        unit_type: returns the type of a unit, given without start code.
        dropped: types of the units to leave out.
    """
    _, *parts = START_CODE.split(stream)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return b"".join(code + unit for code, unit in pairs if unit_type(unit) not in dropped)


def to_frame(image: Pixels, pixel_format: str) -> "VideoFrame":
    """Convert an image of even sides, uint8 [H, W, 3], to full-range BT.709; chroma is resampled by Lanczos."""
    from av import VideoFrame

    return _convert(VideoFrame.from_ndarray(image, format="rgb24"), pixel_format)


def decode_frame(decoder: str, data: bytes, threads: int) -> Pixels:
    """Decode a stream of one frame, with or without the header of :func:`pad`, and crop the padding.

    Args:
        decoder: FFmpeg's name of the decoder.
        data: the header, if there is one, and the Annex B stream.
        threads: number of threads of the decoder.

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
        raise BaselineError(f"{decoder}: the data has {len(frames)} frames instead of one")
    picture = np.asarray(_convert(frames[0], "rgb24").to_ndarray(), np.uint8)
    return picture[: len(picture) - rows, : picture.shape[1] - columns]


def _convert(frame: "VideoFrame", pixel_format: str) -> "VideoFrame":
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    # Without these flags swscale converts to RGB with chroma of half resolution and inaccurate rounding.
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
