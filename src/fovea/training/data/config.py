"""The images that a training draws its patches from, and how it makes the patches."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fovea.training.config_file import Positive, Share, StrictConfig

Range = tuple[Positive, Positive]
MaskSource = Literal["mask", "box"]


class PatchConfig(StrictConfig):
    """How patches are cut from images, weighted by objects, and augmented.

    Attributes:
        size: side of a patch in pixels, a multiple of 64.
        scale_jitter: smallest and largest factor by which an image is scaled, drawn on a log scale.
        object_probability: probability that a patch is placed on a random object.
        repeat_threshold: share of the images below which a class is drawn more often, see
            :func:`fovea.training.data.balance.repeat_factors`; 0 draws all alike.
        mask_source: "mask" takes the masks of objects, and boxes where there are none; "box" fills all boxes.
        mask_dilation: number of pixels by which every object is grown.
        small_object_exponent: errors on an object of area a below 96² pixels weigh (96²/a) to this power; see
            :func:`fovea.training.data.masks.object_weights`.
        edge_weight: additional weight of errors at the edge of an object.
        color_jitter: whether contrast, brightness and tint are changed at random.
        cutmix: probability that a rectangle of another patch is pasted on a patch, see
            :func:`fovea.training.data.augmentation.cutmix`.
    """

    size: Annotated[int, Field(ge=64, multiple_of=64)] = 256
    scale_jitter: Range = (0.7, 1.5)
    object_probability: Share = 0.8
    repeat_threshold: Share = 0.0
    mask_source: MaskSource = "mask"
    mask_dilation: Annotated[int, Field(ge=0)] = 0
    small_object_exponent: Share = 0.0
    edge_weight: Annotated[float, Field(ge=0, le=8)] = 0.0
    color_jitter: bool = False
    cutmix: Share = 0.0

    def for_validation(self) -> "PatchConfig":
        """Return the configuration of patches to validate on, which are nearly at full scale and each on an object."""
        changes = {"scale_jitter": (0.9, 1.1), "object_probability": 1.0, "repeat_threshold": 0.0}
        return self.model_copy(update=changes)


class SourceConfig(StrictConfig):
    """A folder of images.

    Attributes:
        images: the folder. It may begin with an environment variable such as ``$FOVEA_SHARED``, see
            :func:`fovea.training.config_file.expand_path`; so may ``annotations``.
        annotations: COCO json of the objects on the images. Without it, images in the folders below are taken, too, and
            every pixel counts as an object.
        weight: probability that an image is drawn, relative to images of other sources.
        scale_jitter: range of the scale jitter, in place of that of the patches. Images with smoothed textures should
            only be reduced.
        held_out: beginnings of the names of the files that are held out for validation, such as all of one camera.
    """

    images: Path
    annotations: Path | None = None
    weight: Positive = 1.0
    scale_jitter: Range | None = None
    held_out: tuple[str, ...] = ()


class DataConfig(StrictConfig):
    """Images to train on, and how patches are made from them.

    Attributes:
        images: a single folder of images, see :class:`SourceConfig`.
        annotations: annotations of its images.
        sources: several folders, in place of ``images``. One image of 50 of each is held out, in addition to those that
            its ``held_out`` names.
        validation_images: half the number of patches to validate on; for a single folder also the number of images that
            are held out.
        patch: how patches are made.
        workers: number of processes that make the patches.
        cache_gib: GiB of decoded images that all workers together keep; other images are decoded when they are drawn.
        on_device: whether decoded images stay on the device that trains, which then cuts the patches, see
            :class:`fovea.training.data.resident.ResidentImages`.
    """

    images: Path | None = None
    annotations: Path | None = None
    sources: tuple[SourceConfig, ...] = ()
    validation_images: Annotated[int, Field(ge=1)] = 32
    patch: PatchConfig = PatchConfig()
    workers: Annotated[int, Field(ge=1)] = 1
    cache_gib: Annotated[float, Field(ge=0)] = 2.0
    on_device: bool = False

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.images is None) == (not self.sources):
            raise ValueError("give either images, a folder, or sources, a list of folders")
        if self.sources and self.annotations:
            raise ValueError("annotations belong to the folders of the sources: give them there")
        return self

    @property
    def labeled(self) -> bool:
        """Whether all images have annotations."""
        return all(source.annotations for source in self.sources) if self.sources else self.annotations is not None

    @property
    def cache_per_worker(self) -> int:
        """The bytes of decoded images that each worker keeps."""
        return int(self.cache_gib * 2**30 / self.workers)
