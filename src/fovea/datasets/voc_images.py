"""Finds the images of Pascal VOC xml files."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path, PureWindowsPath

from fovea.datasets.checks import WrongError
from fovea.datasets.images import find_file
from fovea.datasets.messages import Notes
from fovea.picture import image_suffixes


class VocImages:
    """The images in some folders, by the names of xml files.

    An image is named like its xml. What the xml itself calls it may lack the suffix, or be from before both were
    renamed, and now be the name of another image.

    Args:
        places: folders to look in, and in those folders below them that the xml files are in, too.
    """

    def __init__(self, places: Sequence[Path]) -> None:
        self._places = places
        self._listed = cache(_images_by_stem)
        self.found: dict[Path, Path] = {}
        """The xml file of each image that was found."""

    def find(self, file: Path, below: Path, called: str, notes: Notes) -> Path | None:
        """Finds the image of an xml file.

        Args:
            file: the xml file.
            below: the folder that it lies in, as seen from the folder of all xml files.
            called: what the xml calls the image; may be empty.
            notes: where xml files that call their image by the name of another one are counted.

        Raises:
            WrongError: several images fit, or this one is that of another xml file.
        """
        folders = [*dict.fromkeys([*(place / below for place in self._places), *self._places])]
        path = self._named_like(file.stem, called, folders)
        by_name = find_file(folders, called) if called else None
        if path is None:
            path = by_name or self._without_suffix(called, folders) or find_file(folders, file.stem)
        elif by_name not in (None, path):
            notes.add("xml files that call another image theirs than that of their own name, which counts", file.name)
        if path is not None and (other := self.found.setdefault(path, file)) != file:
            raise WrongError(f"its image {path.name} is that of {other.name}, too")
        return path

    def unlabeled(self) -> list[str]:
        """Names of the images beside those that were found."""
        folders = dict.fromkeys(path.parent for path in self.found)
        beside = (path for folder in folders for paths in self._listed(folder).values() for path in paths)
        return [path.name for path in beside if path not in self.found]

    def _named_like(self, stem: str, called: str, folders: Sequence[Path]) -> Path | None:
        for folder in folders:
            fits = self._listed(folder).get(stem, ())
            if len(fits) > 1:
                wanted = PureWindowsPath(called).suffix
                fits = [path for path in fits if path.suffix == wanted] or fits
            if len(fits) > 1:
                raise WrongError(f"{' and '.join(path.name for path in fits)} are named like it: keep one of them")
            if fits:
                return fits[0]
        return None

    def _without_suffix(self, called: str, folders: Sequence[Path]) -> Path | None:
        name = PureWindowsPath(called)
        for folder in folders:
            if fits := self._listed(folder).get(name.name) or self._listed(folder).get(name.stem):
                return fits[0]
        return None


def _images_by_stem(folder: Path) -> dict[str, list[Path]]:
    suffixes, found = image_suffixes(), dict[str, list[Path]]()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix.lower() in suffixes:
            found.setdefault(path.stem, []).append(path)
    return found
