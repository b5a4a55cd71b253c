"""The number of images a second that a training loop gets: ``python benchmarks/loaders.py``.

The same pictures lie in a folder as ``.fov``, as JPEG and as WebP, and a ``DataLoader`` of PyTorch reads them in
batches of tensors. ``README.md`` explains the columns.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from fovea import Codec
from fovea.baselines import Pixels, get_baseline
from fovea.codec import DEFAULT_MODEL
from fovea.integrations.torch import FovDataset
from images import KODAK, RESULTS, read_folder
from measure import bits_per_pixel, encode_near
from tables import Row, markdown, write_csv

RIVALS = ("jpeg", "webp")
PATH = click.Path(path_type=Path)


class Crop:
    """The upper left part of a picture, so that pictures of all sizes fit into one batch."""

    def __init__(self, side: int) -> None:
        self.side = side

    def __call__(self, image: Tensor) -> Tensor:
        """Return [3, side, side] of [3, H, W]."""
        return image[:, : self.side, : self.side]


class PillowDataset(Dataset[Tensor]):
    """Image files as tensors, read by Pillow, as data sets of JPEG usually are."""

    def __init__(self, paths: Sequence[Path], transform: Callable[[Tensor], Tensor]) -> None:
        self.paths, self.transform = paths, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.paths[index]) as image:
            pixels = np.asarray(image.convert("RGB"))
        return self.transform(torch.from_numpy(pixels.transpose(2, 0, 1).copy()))


class Coded(NamedTuple):
    """The files of one format.

    Attributes:
        name: name of the codec.
        quality: quality of all files.
        bpp: mean of the bits per pixel.
        paths: paths of the files.
    """

    name: str
    quality: int
    bpp: float
    paths: list[Path]


def write_files(name: str, model: str, images: Sequence[Pixels], bpp: float, folder: Path) -> Coded:
    """Write pictures as files of one format, at the quality whose rate on the first is nearest to the one wanted."""
    codec = Codec(model) if name == "fov" else get_baseline(name)
    low, high = (0, 100) if isinstance(codec, Codec) else map(int, codec.quality_range)
    quality, _ = encode_near(codec, images[0], bpp, (low, high))
    coded = Coded(codec.name, quality, 0, [folder / f"{number}.{name}" for number in range(len(images))])
    rates = []
    for path, image in zip(coded.paths, images, strict=True):
        data = codec.encode(image, quality)
        path.write_bytes(data)
        rates.append(bits_per_pixel(data, image))
    return coded._replace(bpp=float(np.mean(rates)))


def open_loader(coded: Coded, passes: int, side: int, batch: int, workers: int) -> DataLoader[Tensor]:
    """Return a loader that reads the files several times in one epoch, and keeps its workers."""
    kind = FovDataset if coded.paths[0].suffix == ".fov" else PillowDataset
    data = kind(coded.paths * passes, Crop(side))
    return DataLoader(data, batch_size=batch, num_workers=workers, persistent_workers=workers > 0)


def time_loaders(loaders: Sequence[DataLoader[Tensor]], repeats: int) -> list[float]:
    """Return the median seconds that each loader takes for an epoch. They take turns, and the first does not count."""
    seconds: list[list[float]] = [[] for _ in loaders]
    for turn in tqdm(range(repeats + 1), desc="epochs"):
        for loader, times in zip(loaders, seconds, strict=True):
            begin = time.perf_counter()
            for _ in loader:
                pass
            if turn:
                times.append(time.perf_counter() - begin)
    return [statistics.median(times) for times in seconds]


@click.command()
@click.option("--images", "folder", type=PATH, default=KODAK, help="Folder of PNG images.")
@click.option("--limit", type=click.IntRange(1), default=24, show_default=True, help="Largest number of images.")
@click.option("--passes", type=click.IntRange(1), default=4, show_default=True, help="Passes over them in an epoch.")
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="Number of timed epochs.")
@click.option("--bpp", type=float, default=0.4, show_default=True, help="Bits per pixel that every codec is set to.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name or path of a model.")
@click.option("--workers", default="0,2", show_default=True, help="Numbers of workers.")
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Images in a batch.")
@click.option("--side", type=click.IntRange(1), default=512, show_default=True, help="Side of the crop, in pixels.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(
    folder: Path,
    limit: int,
    passes: int,
    repeats: int,
    bpp: float,
    model: str,
    workers: str,
    batch: int,
    side: int,
    out: Path,
) -> None:
    """Measure how many images a second a training loop gets."""
    images = read_folder(folder, limit)
    if (smallest := min(min(image.shape[:2]) for image in images)) < side:
        raise click.UsageError(f"the smallest image has {smallest} pixels on a side: choose --side up to that")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        formats = [write_files(name, model, images, bpp, Path(place)) for name in ("fov", *RIVALS)]
        for count in map(int, workers.split(",")):
            times = time_loaders([open_loader(coded, passes, side, batch, count) for coded in formats], repeats)
            for coded, seconds in zip(formats, times, strict=True):
                pixels = passes * sum(image.shape[0] * image.shape[1] for image in images)
                rows.append(
                    {
                        "image_set": folder.name,
                        "codec": coded.name,
                        "quality": coded.quality,
                        "bpp": round(coded.bpp, 4),
                        "workers": count,
                        "batch": batch,
                        "images_per_second": round(passes * len(images) / seconds, 2),
                        "mps": round(pixels / 1e6 / seconds, 2),
                        "vs_jpeg": round(times[1] / seconds, 4),
                        "images": len(images),
                        "repeats": repeats,
                    }
                )
    write_csv(out / "loaders.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
