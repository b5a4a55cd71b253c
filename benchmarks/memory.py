"""The peak memory for a very large picture, from file to file: ``python benchmarks/memory.py``.

Encoding and decoding run in a process each. ``README.md`` explains the columns.
"""

import tempfile
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from images import RESULTS
from processes import FOVEA, run
from tables import Row, markdown, write_csv

STRIP = 250
"""Number of rows that are drawn at once."""
PERIOD = 512
"""Distance of the discs in the picture, in pixels."""


def draw(path: Path, side: int) -> None:
    """Write a square picture of gradients, discs and noise as PPM, strip by strip.

    Args:
        path: PPM file to write.
        side: width and height in pixels.
    """
    generator = np.random.default_rng(0)
    x = np.arange(side)[None, :]
    with path.open("wb") as file:
        file.write(f"P6 {side} {side} 255\n".encode())
        for top in range(0, side, STRIP):
            y = np.arange(top, min(top + STRIP, side))[:, None]
            file.write(_pattern(y, x, generator).tobytes())


def _pattern(y: NDArray[np.int_], x: NDArray[np.int_], generator: np.random.Generator) -> NDArray[np.uint8]:
    half = PERIOD // 2
    disc = (x % PERIOD - half) ** 2 + (y % PERIOD - half) ** 2 < (60 + 40 * (x // PERIOD % 3)) ** 2
    slopes = (np.broadcast_to(plane, disc.shape) for plane in (x // 4 % 256, y // 4 % 256, (x + y) // 8 % 256))
    picture = np.stack([np.where(disc, 255 - slope, slope) for slope in slopes], axis=-1).astype(np.int16)
    picture += generator.integers(-12, 13, disc.shape, dtype=np.int16)[..., None]
    return picture.clip(0, 255).astype(np.uint8)


@click.command()
@click.option(
    "--side", type=click.IntRange(1, 10000), default=10000, show_default=True, help="Width and height in pixels."
)
@click.option("--model", default="fovea-s", show_default=True, help="Name of an installed model.")
@click.option("--engine", default="onnxruntime", show_default=True, help="Inference engine.")
@click.option("--precision", default="fp32", show_default=True, help="Precision of the networks.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder for the table.")
def main(side: int, model: str, engine: str, precision: str, out: Path) -> None:
    """Measure the peak memory of encoding and decoding."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        picture, coded, decoded = (str(Path(folder) / name) for name in ("in.ppm", "coded.fov", "out.ppm"))
        draw(Path(picture), side)
        settings = ("--quiet", "--engine", engine, "--precision", precision)
        for direction, arguments in {
            "encode": (picture, coded, "--model", model),
            "decode": (coded, decoded),
        }.items():
            used = run(*FOVEA, direction, *arguments, *settings)
            rows.append(
                {
                    "direction": direction,
                    "megapixels": round(side**2 / 1e6, 3),
                    "model": model,
                    "engine": engine,
                    "precision": precision,
                    "file_bytes": Path(coded).stat().st_size,
                    "peak_mib": round(used.peak_mib),
                    "seconds": round(used.seconds, 2),
                    "mps": round(side**2 / 1e6 / used.seconds, 2),
                }
            )
    write_csv(out / "memory.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
