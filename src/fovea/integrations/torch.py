"""Files as tensors of PyTorch: a data set for ``DataLoader``, and batches.

Example::

    from torch.utils.data import DataLoader
    from fovea.integrations.torch import FovDataset

    loader = DataLoader(FovDataset("photos/", transform=crop), batch_size=32, num_workers=4)
"""

import os
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, get_worker_info

from fovea.bitstream import Source
from fovea.codec import Codec
from fovea.errors import ArgumentError, DatasetError, ImageError, about
from fovea.files import SUFFIX, imread
from fovea.parallel import stream

File = str | os.PathLike[str] | Source
"""A path, the content of a file, or an open binary file."""


class FovDataset(Dataset[Any]):
    """Image files as tensors, for a ``DataLoader`` with any number of workers and any start method.

    An item is a tensor uint8 [3, H, W] with the channels red, green and blue, as :func:`fovea.imread` reads them:
    upright, gray as three equal channels, without alpha. An error of a file names the file, also in a worker.

    Args:
        source: folder, from which all ``.fov`` files are taken, also from folders below it, in the order of their
            paths; or paths of files, which may be images of any format that :func:`fovea.imread` reads.
        transform: function from a tensor to the item; by default the item is the tensor.
        codec: codec that decodes. By default each process makes its own: with one thread in the workers of a
            ``DataLoader``, because there are several of them, and with one thread for each core elsewhere.

    Attributes:
        paths: paths of the files, in the order of the items.

    Raises:
        DatasetError: the folder does not exist or has no ``.fov`` file, or the list is empty.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        transform: Callable[[Tensor], Any] | None = None,
        codec: Codec | None = None,
    ) -> None:
        self.paths = _found(Path(source)) if isinstance(source, str | os.PathLike) else [Path(path) for path in source]
        if not self.paths:
            raise DatasetError("the list of files is empty: name at least one")
        self.transform = transform
        self.codec = codec

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        image = _as_tensor(imread(self.paths[index], codec=self.codec or _codec_here()))
        return image if self.transform is None else self.transform(image)


def decode_batch(
    files: Iterable[File], *, size: tuple[int, int] | None = None, pad: bool = False, codec: Codec | None = None
) -> Tensor:
    """Decode files to one tensor, several files at the same time.

    Without ``size`` and ``pad``, all pictures must have the same size.

    Args:
        files: at least one path, content of a file, or open binary file. Paths may be images of any format.
        size: (height, width) in pixels to which each picture is resized, bilinear with antialiasing. The ratio of its
            sides is not kept.
        pad: whether all pictures are padded to the largest height and the largest width among them, with zeros at the
            bottom and at the right.
        codec: codec that decodes; by default one that uses all cores, or one core in a worker of a ``DataLoader``.

    Returns:
        uint8 [N, 3, H, W] with the channels red, green and blue; gray as three equal channels, without alpha.

    Raises:
        ArgumentError: there is no file, ``size`` is not two positive integers, or both ``size`` and ``pad`` are given.
        ImageError: a file cannot be read, or the pictures have different sizes.
        BitstreamError: a file is damaged. Errors name the path, or the number of the file in the batch.

    Example:
        >>> import fovea
        >>> data = fovea.encode(np.zeros((48, 64, 3), np.uint8))
        >>> decode_batch([data, data]).shape
        torch.Size([2, 3, 48, 64])
        >>> decode_batch([data], size=(32, 32)).shape
        torch.Size([1, 3, 32, 32])
    """
    if size is not None and pad:
        raise ArgumentError("size and pad exclude each other: choose one")
    if size is not None and not (len(size) == 2 and all(isinstance(side, int) and side > 0 for side in size)):
        raise ArgumentError(f"size {size!r} is not (height, width), two positive integers")
    coder = codec or _codec_here()

    def read(item: tuple[int, File]) -> NDArray[np.uint8]:
        number, file = item
        with about(entry=f"file {number} of the batch"):
            pixels = _read(file, coder)
        return pixels if size is None else _resized(pixels, size)

    images = list(stream(read, enumerate(files), coder.engine.threads))
    if not images:
        raise ArgumentError("the batch has no file: give at least one")
    return _stacked(images, pad)


def _stacked(images: Sequence[NDArray[np.uint8]], pad: bool) -> Tensor:
    sizes = {image.shape[:2] for image in images}
    if len(sizes) > 1 and not pad:
        found = ", ".join(sorted(f"{width}x{height}" for height, width in sizes))
        raise ImageError(f"the pictures of the batch have different sizes ({found}): choose size=... or pad=True")
    height, width = (max(sides) for sides in zip(*sizes, strict=True))
    batch = torch.zeros(len(images), 3, height, width, dtype=torch.uint8)
    for place, image in zip(batch, images, strict=True):
        place[:, : image.shape[0], : image.shape[1]] = _as_tensor(image)
    return batch


def _found(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DatasetError("is no folder: name a folder of .fov files, or give a list of files", path=folder)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() == SUFFIX and path.is_file())
    if not paths:
        raise DatasetError(f"has no {SUFFIX} file: encode images with fovea encode", path=folder)
    return paths


def _read(file: File, codec: Codec) -> NDArray[np.uint8]:
    if isinstance(file, str | os.PathLike):
        return imread(file, codec=codec)
    return codec.decode_picture(file).shown().to_rgb()


def _resized(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).resize(size[::-1], Image.Resampling.BILINEAR))


def _as_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


def _codec_here() -> Codec:
    return _codec(None if get_worker_info() is None else 1)


@lru_cache(maxsize=2)
def _codec(threads: int | None) -> Codec:
    return Codec(threads=threads)
