"""What a training draws its pictures from: folders, with annotations or without; some are held out for validation."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from fovea.errors import FoveaError
from fovea.training.data import Labeled, read_coco, read_folder
from fovea.training.masks import MaskSource
from fovea.training.strict import Strict, located

Scale = tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]
_ONE_OF = 50
"""Of so many pictures of a source one is held out."""


class Source(Strict):
    """A folder of pictures.

    Attributes:
        images: the folder. A variable such as ``$FOVEA_SHARED`` may begin it, see
            :func:`fovea.training.strict.located`; likewise annotations.
        annotations: COCO json of the objects on them; without it the folders below are read too, and everything on a
            picture counts as an object.
        weight: how often a picture is drawn, against those of other sources.
        scale: range of the scale jitter, instead of that of ``data``: pictures of coarse texture are best made
            smaller.
    """

    images: Path
    annotations: Path | None = None
    weight: Annotated[float, Field(gt=0)] = 1.0
    scale: Scale | None = None


class DataConfig(Strict):
    """Images and annotations to train on; see :class:`fovea.training.patches.PatchStream`.

    Attributes:
        images: a folder; see :class:`Source`. Of several, ``sources`` takes the place.
        annotations: of its images.
        sources: several of these; of each, one picture of 50 is held out.
        validation: half the patches to validate on; of a single folder the images that are held out, too.
        pasted: see :func:`fovea.training.augmentation.pasted`; 0 leaves patches as they are.
        relit: whether they are shown in other light, see :func:`fovea.training.augmentation.relit`.
        workers: processes that draw the patches.
        cache: GiB of decoded images that these keep, together; others are decoded whenever they are drawn.
        resident: whether decoded images stay on the device that trains; see
            :class:`fovea.training.patches.ResidentImages`.
    """

    images: Path | None = None
    annotations: Path | None = None
    sources: tuple[Source, ...] = ()
    validation: Annotated[int, Field(ge=1)] = 32
    size: Annotated[int, Field(ge=64, multiple_of=64)] = 256
    scale: Scale = (0.7, 1.5)
    objects: Annotated[float, Field(ge=0, le=1)] = 0.8
    repeat: Annotated[float, Field(ge=0, le=1)] = 0.0
    masks: MaskSource = "mask"
    dilation: Annotated[int, Field(ge=0)] = 0
    small: Annotated[float, Field(ge=0, le=1)] = 0.0
    edges: Annotated[float, Field(ge=0, le=8)] = 0.0
    pasted: Annotated[float, Field(ge=0, le=1)] = 0.0
    relit: bool = False
    workers: Annotated[int, Field(ge=1)] = 1
    cache: Annotated[float, Field(ge=0)] = 2.0
    resident: bool = False

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.images is None) == (not self.sources):
            raise ValueError("give either images, a folder, or sources, a list of folders")
        if self.sources and self.annotations:
            raise ValueError("annotations belong to the folders of the sources: give them there")
        return self

    @property
    def labeled(self) -> bool:
        """Whether all pictures have annotations."""
        return all(source.annotations for source in self.sources) if self.sources else self.annotations is not None


def split_images(data: DataConfig) -> tuple[list[Labeled], list[Labeled]]:
    """Images to train on, and those held out for validation.

    Of a single folder as many are held out as are validated on, spread evenly; of each of several sources one of 50, by
    a hash of the name of its file, so that pictures stay held out when others come or go.

    Raises:
        FoveaError: there are too few.
        DatasetError: images or annotations cannot be read.
    """
    if data.images:
        return _spread(_read(data.images, data.annotations), data.validation)
    train: list[Labeled] = []
    held_out: list[Labeled] = []
    for source in data.sources:
        for image in _read(source.images, source.annotations):
            kept = held_out if is_held_out(image.path.name) else train
            kept.append(replace(image, weight=source.weight, scale=source.scale))
    if not train or not held_out:
        raise FoveaError(f"{len(train) + len(held_out)} images are too few to keep one of {_ONE_OF} for validation")
    return train, held_out


def is_held_out(name: str) -> bool:
    """Whether a picture of a source is validated on, by the name of its file."""
    return zlib.crc32(name.encode()) % _ONE_OF == 0


def _read(images: Path, annotations: Path | None) -> list[Labeled]:
    folder = located(images)
    return read_coco(located(annotations), folder) if annotations else read_folder(folder)


def _spread(images: Sequence[Labeled], count: int) -> tuple[list[Labeled], list[Labeled]]:
    if len(images) <= count:
        raise FoveaError(f"{len(images)} images are too few to keep {count} of them for validation")
    held_out = set(range(0, len(images), len(images) // count)[:count])
    return (
        [image for number, image in enumerate(images) if number not in held_out],
        [image for number, image in enumerate(images) if number in held_out],
    )
