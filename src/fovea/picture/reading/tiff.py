"""TIFF files. Those that Pillow misreads are corrected or refused."""

import struct
from typing import IO, Any

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    COLORMAP,
    EXTRASAMPLES,
    FILLORDER,
    IMAGELENGTH,
    IMAGEWIDTH,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    ROWSPERSTRIP,
    SAMPLEFORMAT,
    STRIPOFFSETS,
    TILELENGTH,
    TILEOFFSETS,
    TILEWIDTH,
    YCBCRSUBSAMPLING,
)

from fovea.errors import ImageError
from fovea.picture.blocks import metadata_bytes

_NEW_SUBFILE_TYPE, _INK_SET = 254, 332
_REDUCED, _MASK = 1, 4
_SIGNED = 2
_WHITE_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 2, 3, 5, 6
_UNSPECIFIED, _STRAIGHT_ALPHA = 0, 2
_TILE_UNIT = 16
"""The sides of tiles are multiples of this number of pixels."""
_DEEP = {"I;16": 65535, "I;16B": 65535, "F": 1}


def decoded_tiff_size(image: Any) -> tuple[int, int]:
    """Return the width and height of what libtiff keeps in memory: the image, or a tile that is larger.

    libtiff decodes whole tiles, also where a tile goes far beyond the image. A strip ends with the image.

    Args:
        image: image that Pillow opened, and whose pixels are not loaded.

    Raises:
        ImageError: libtiff may find another size of the tiles in the file than Pillow does.
    """
    sides = [image.tag_v2.get(tag) for tag in (TILEWIDTH, TILELENGTH)]
    numbers = _tag_numbers(image.fp, image.tag_v2.offset)
    if [numbers.count(tag) for tag in (TILEWIDTH, TILELENGTH)] != [isinstance(side, int) for side in sides]:
        raise ImageError("a TIFF whose tiles have no definite size: it is damaged")
    if None in sides or image.info.get("compression", "raw") == "raw":  # Pillow itself reads what is not compressed
        return image.size  # type: ignore[no-any-return]
    across, down = sides
    width, height = (-(-side // _TILE_UNIT) * _TILE_UNIT for side in image.size)
    return (across, down) if across * down > width * height else image.size


def _tag_numbers(file: IO[bytes], start: int) -> list[int]:
    """Return the numbers of all entries of a directory, also of those that Pillow leaves out."""
    file.seek(0)
    head = file.read(4)
    if head == b"MM\0\x2b":
        raise ImageError("a BigTIFF of big-endian numbers, which Pillow misreads: save it as another TIFF")
    order = "<" if head.startswith(b"II") else ">"
    count, entry = ("Q", "H18x") if head[2] == 43 else ("H", "H10x")
    file.seek(start)
    (length,) = struct.unpack(order + count, file.read(struct.calcsize(order + count)))
    size = struct.calcsize(order + entry)
    content = file.read(length * size)
    return [number for (number,) in struct.iter_unpack(order + entry, content[: len(content) // size * size])]


def load_tiff(image: Any) -> Image.Image:
    """Load a TIFF image.

    Args:
        image: image that Pillow opened.

    Returns:
        The image; another one if Pillow ignores that zero is white, that samples have 12 bits, or that the colors of
        the palette have 8 bits.

    Raises:
        ImageError: Pillow would misread the file, and the correct pixels cannot be recovered.
    """
    tags = image.tag_v2
    if problem := _problem(image, tags):
        raise ImageError(f"a TIFF {problem}")
    if image.tile:
        # Pillow would make this image itself, but only below a global limit of its size, which does not apply here.
        image.im = Image.new(image.mode, (tags[IMAGEWIDTH], tags[IMAGELENGTH])).im
    # Pillow reads a tag of a wrong type as text or numbers, and then fails where it looks for an orientation in XMP.
    for key in {"icc_profile", "xmp"} & image.info.keys():
        image.info[key] = metadata_bytes(image.info[key], "latin-1")
    image.load()
    if image.mode in _DEEP:
        return _scaled(image, tags)
    if image.mode == "P" and max(tags[COLORMAP]) < 256:
        return _with_palette(image, tags[COLORMAP])
    return image  # type: ignore[no-any-return]


def _problem(image: Any, tags: Any) -> str:
    """Return why Pillow would misread a file, and what to do; empty if Pillow reads it correctly."""
    photometric = tags.get(PHOTOMETRIC_INTERPRETATION, _WHITE_IS_ZERO)
    raw = image.info.get("compression", "raw") == "raw"
    bits = tags.get(BITSPERSAMPLE, (1,))
    if image.tell() == 0 and tags.get(_NEW_SUBFILE_TYPE, 0) & (_REDUCED | _MASK):
        return "whose first page is a preview or a mask, like a camera's raw file: convert it to RGB first"
    if _SIGNED in tags.get(SAMPLEFORMAT, ()) and bits[0] == 8:
        return "with signed 8-bit samples: save it with unsigned samples"
    if tags.get(_INK_SET, 1) != 1 and photometric == _CMYK:
        return "with inks other than CMYK: convert it to RGB first"
    if raw and photometric == _YCBCR and (image.mode != "YCbCr" or tags.get(YCBCRSUBSAMPLING, (2, 2)) != (1, 1)):
        return "with uncompressed YCbCr, which Pillow misreads: save it as RGB"
    if tags.get(PLANAR_CONFIGURATION, 1) == 2 and not _reads_planes(tags, raw, bits, photometric):
        return "with separate planes of this kind, which Pillow misreads: save it with interleaved samples"
    if raw and not _has_all_parts(tags, len(bits)):
        return "in which strips or tiles are missing: it is damaged"
    return ""


def _reads_planes(tags: Any, raw: bool, bits: tuple[int, ...], photometric: int) -> bool:
    extra = tags.get(EXTRASAMPLES, ())
    plain = all(depth == 8 for depth in bits) and tags.get(FILLORDER, 1) == 1 and photometric != _WHITE_IS_ZERO
    return (
        (photometric <= _PALETTE or photometric == _CMYK)
        and (plain or not raw)
        and (set(extra) <= {_UNSPECIFIED} or (photometric == _RGB and extra == (_STRAIGHT_ALPHA,)))
    )


def _has_all_parts(tags: Any, samples: int) -> bool:
    width, height = tags[IMAGEWIDTH], tags[IMAGELENGTH]
    if STRIPOFFSETS in tags:
        parts, across, down = tags[STRIPOFFSETS], width, tags.get(ROWSPERSTRIP, height)
    else:
        parts, across, down = tags[TILEOFFSETS], tags[TILEWIDTH], tags[TILELENGTH]
    planes = samples if tags.get(PLANAR_CONFIGURATION, 1) == 2 else 1
    return bool(len(parts) >= planes * -(-width // max(1, across)) * -(-height // max(1, down)))


def _scaled(image: Any, tags: Any) -> Image.Image:
    """Return an image of more than 8 bits per sample in the full range and with white as the largest value.

    Pillow returns the samples as they are stored.
    """
    largest = _DEEP[image.mode]
    inverted = tags.get(PHOTOMETRIC_INTERPRETATION, _WHITE_IS_ZERO) == _WHITE_IS_ZERO
    narrow = tags.get(BITSPERSAMPLE, (1,))[0] == 12
    if not (inverted or narrow):
        return image  # type: ignore[no-any-return]
    samples = np.array(image)
    if narrow:
        samples = (samples.astype(np.uint32) * 65535 // 4095).astype(np.uint16)
    if inverted:
        np.subtract(largest, samples, out=samples)
    result = Image.fromarray(samples)
    result.info = dict(image.info)
    return result


def _with_palette(image: Any, colors: tuple[int, ...]) -> Image.Image:
    """Return an image with a palette of 8-bit colors.

    Some programs write 8-bit colors in a palette of 16-bit numbers. Pillow takes the higher byte, which is always zero.
    """
    result: Image.Image = image.copy()
    result.putpalette(np.array(colors, np.uint8).reshape(3, -1).T.tobytes())
    return result
