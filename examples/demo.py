"""Encode and decode four pictures, print what it cost, and leave the results in ``demo/`` to look at.

The pictures ship with scikit-image: a portrait of an astronaut by NASA (public domain), a cat, a cup of coffee and
a rocket (all CC0).
"""

import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage import data

from fovea import Codec

OUT = Path("demo")
QUALITY = 40
JPEG_QUALITY = 75  # what Pillow, and many a camera, take unless told otherwise
PICTURES: dict[str, Callable[[], NDArray[np.uint8]]] = {
    "astronaut": data.astronaut,
    "cat": data.chelsea,
    "coffee": data.coffee,
    "rocket": data.rocket,
}


def seconds(function: Callable[[], object], repeats: int = 5) -> float:
    """Return the median time of a call in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def jpeg_size(image: NDArray[np.uint8]) -> int:
    """Return the number of bytes of the same picture as a JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.tell()


def side_by_side(original: NDArray[np.uint8], decoded: NDArray[np.uint8], title: str) -> Image.Image:
    """Return original, decoded picture and their difference, with four times the contrast, side by side."""
    difference = np.clip(128 + 4 * (decoded.astype(int) - original), 0, 255).astype(np.uint8)
    height, width = original.shape[:2]
    sheet = Image.new("RGB", (3 * width, height + 24), "white")
    labels = (f"original {width}x{height}", title, "difference x 4")
    for number, (panel, label) in enumerate(zip((original, decoded, difference), labels, strict=True)):
        sheet.paste(Image.fromarray(panel), (number * width, 24))
        ImageDraw.Draw(sheet).text((number * width + 6, 6), label, fill="black")
    return sheet


def main() -> None:
    """Run the demo."""
    OUT.mkdir(exist_ok=True)
    codec = Codec()
    print(f"model {codec.name}, quality {QUALITY}, {codec.engine.name} on {codec.engine.threads} threads\n")
    print("picture        size  bits/pixel  of the JPEG*  encode MP/s  decode MP/s")
    for name, load in PICTURES.items():
        image = np.ascontiguousarray(load()[..., :3])
        megapixels = image.shape[0] * image.shape[1] / 1e6
        coded = codec.encode(image, QUALITY)
        decoded = codec.decode(coded)
        encode = megapixels / seconds(lambda image=image: codec.encode(image, QUALITY))  # type: ignore[misc]
        decode = megapixels / seconds(lambda coded=coded: codec.decode(coded))  # type: ignore[misc]
        bpp = len(coded) * 8 / (megapixels * 1e6)
        share = len(coded) / jpeg_size(image)
        print(f"{name:10s} {len(coded):6d} B  {bpp:10.3f}  {share:11.1%}  {encode:11.1f}  {decode:11.1f}")
        (OUT / f"{name}.fov").write_bytes(coded)
        side_by_side(image, decoded, f"fovea {len(coded)} bytes, {bpp:.3f} bpp").save(OUT / f"{name}.png")
    print(f"\n* Pillow's JPEG at quality {JPEG_QUALITY}. Files and pictures to compare: {OUT.resolve()}")


if __name__ == "__main__":
    main()
