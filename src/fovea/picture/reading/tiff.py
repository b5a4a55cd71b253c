"""TIFF files: what Pillow misreads of them is read right, or refused."""

from typing import Any

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

_NEW_SUBFILE_TYPE, _INK_SET = 254, 332
_REDUCED, _MASK = 1, 4
_SIGNED = 2
_WHITE_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 2, 3, 5, 6
_UNSPECIFIED, _STRAIGHT_ALPHA = 0, 2
_DEEP = {"I;16": 65535, "I;16B": 65535, "F": 1}


def load_tiff(image: Any) -> Image.Image:
    """Load a TIFF image.

    Returns:
        The image; another where Pillow takes no notice of white being zero, of 12 bits, or of a palette of 8 bits.

    Raises:
        ImageError: Pillow would misread it.
    """
    tags = image.tag_v2
    if why := _misread(image, tags):
        raise ImageError(f"a TIFF {why}")
    if image.tile:
        # Pillow would make it after a check of the size against a global limit, which is not the one that counts here.
        image.im = Image.new(image.mode, (tags[IMAGEWIDTH], tags[IMAGELENGTH])).im
    image.load()
    if image.mode in _DEEP:
        return _deep(image, tags)
    if image.mode == "P" and max(tags[COLORMAP]) < 256:
        return _with_palette(image, tags[COLORMAP])
    return image  # type: ignore[no-any-return]


def _misread(image: Any, tags: Any) -> str:
    """What is wrong with reading a file by Pillow; nothing if it is right."""
    photometric = tags.get(PHOTOMETRIC_INTERPRETATION, _WHITE_IS_ZERO)
    raw = image.info.get("compression", "raw") == "raw"
    bits = tags.get(BITSPERSAMPLE, (1,))
    if tags.get(_NEW_SUBFILE_TYPE, 0) & (_REDUCED | _MASK):
        return "whose first page is a preview or a mask, as of a camera's raw file: develop it first"
    if _SIGNED in tags.get(SAMPLEFORMAT, ()) and bits[0] == 8:
        return "of signed 8-bit samples: save it with unsigned ones"
    if tags.get(_INK_SET, 1) != 1 and photometric == _CMYK:
        return "of inks other than CMYK: convert it to RGB first"
    if raw and photometric == _YCBCR and (image.mode != "YCbCr" or tags.get(YCBCRSUBSAMPLING, (2, 2)) != (1, 1)):
        return "of uncompressed YCbCr, which Pillow misreads: save it as RGB"
    if tags.get(PLANAR_CONFIGURATION, 1) == 2 and not _reads_planes(tags, raw, bits, photometric):
        return "of separate planes of this kind, which Pillow misreads: save it with interleaved samples"
    if raw and not _has_all_parts(tags, len(bits)):
        return "that lacks some of its strips or tiles: it is damaged"
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


def _deep(image: Any, tags: Any) -> Image.Image:
    """Samples of more than 8 bits, whose range and direction Pillow leaves to the reader."""
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
    return _like(image, Image.fromarray(samples))


def _with_palette(image: Any, colors: tuple[int, ...]) -> Image.Image:
    """Some programs write 8-bit colors where 16-bit ones belong; Pillow takes the higher byte, which is black."""
    result: Image.Image = image.copy()
    result.putpalette(np.array(colors, np.uint8).reshape(3, -1).T.tobytes())
    return result


def _like(image: Image.Image, other: Image.Image) -> Image.Image:
    other.info = dict(image.info)
    return other
