"""The sources of the maps that the option ``--roi`` names."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from fovea.cli.failures import needs_extra, report
from fovea.cli.files import PIPE, name_of
from fovea.cli.streams import tell
from fovea.cli.survey import survey
from fovea.errors import FoveaError, ImageError
from fovea.picture import Picture, RegionLike, as_stored, image_suffixes, open_picture, orientation_in

FindRegion = Callable[[Path, Picture], RegionLike]
"""Function that returns the map of an image, given its path and its pixels."""


def region_finder(where: Path, source: Path, threads: int, keep_metadata: bool, max_pixels: int) -> FindRegion:
    """Return the function that gives the map of each image.

    Args:
        where: an image that is white in the region; a folder of such images, one for each image and with the same name;
            labels in the COCO format (.json); or a recognizer (.onnx or .yaml), which finds the objects.
        source: IN of the command.
        threads: number of threads of a recognizer.
        keep_metadata: whether the images are read as stored, and not turned upright. Maps are read in the same way.
        max_pixels: largest number of pixels of a map that is an image.

    Returns:
        The function.

    Raises:
        click.UsageError: one map is given for a folder of images, or labels or a folder of maps for a pipe.
        FoveaError: the labels or the recognizer cannot be used, or two maps have the same name.
    """
    if where.suffix in (".onnx", ".yaml", ".yml"):
        return _by_recognizer(where, threads)

    def read(path: Path) -> RegionLike:
        return open_picture(path, keep_metadata, max_pixels).to_image()

    if where.suffix == ".json" or where.is_dir():
        if source == PIPE:
            raise click.UsageError(
                "labels and folders of maps need the names of images, and a pipe has no name: give an image as --roi"
            )
        return _by_labels(where, source, keep_metadata) if where.suffix == ".json" else _by_name(where, source, read)
    if source != PIPE and source.is_dir():
        raise click.UsageError(f"IN is the folder {name_of(source)}, so --roi must be one too, or labels (.json)")
    return lambda _path, _picture: read(where)


def _by_recognizer(where: Path, threads: int) -> FindRegion:
    with needs_extra("eval"):
        from fovea.baselines import roi_from_recognizer
        from fovea.recognition import load
    find_shown = roi_from_recognizer(load(where, threads=threads))

    def find(_path: Path, picture: Picture) -> RegionLike:
        # Recognizers are trained on upright pictures in sRGB. The map has to lie on the pixels as they are stored.
        return as_stored(find_shown(picture.shown().pixels), orientation_in(picture.metadata))

    return find


def _by_labels(where: Path, source: Path, keep_metadata: bool) -> FindRegion:
    with needs_extra("eval"):
        from fovea.datasets import load_dataset, orient_mask
    dataset = load_dataset(where, source if source.is_dir() else source.parent)
    for note in dataset.notes:
        tell(f"fovea: {note}")
    labeled: Mapping[Path, int] = {image.path.resolve(): number for number, image in enumerate(dataset.images)}

    def find(path: Path, _picture: Picture) -> RegionLike:
        if (number := labeled.get(path.resolve())) is None:
            raise ImageError("there are no labels of this image", path=where)
        image = dataset.images[number]
        mask = dataset.object_mask(image)
        return orient_mask(mask, image.path, (image.width, image.height), image.upright, shown=not keep_metadata)

    return find


def _by_name(where: Path, source: Path, read: Callable[[Path], RegionLike]) -> FindRegion:
    # The maps are listed only once, because a folder may contain a million files.
    found = survey(where, image_suffixes())
    for error in found.unread:
        report(error)
    maps: dict[Path, Path] = {}
    for path in found.files:
        if (other := maps.setdefault(path.relative_to(where).with_suffix(""), path)) != path:
            raise FoveaError(f"{name_of(other)} and {name_of(path)} are maps of the same name: remove one")

    def find(path: Path, _picture: Picture) -> RegionLike:
        relative = (path.relative_to(source) if source.is_dir() else Path(path.name)).with_suffix("")
        if relative not in maps:
            raise ImageError(f"there is no map named {relative.name} in this folder", path=(where / relative).parent)
        return read(maps[relative])

    return find
