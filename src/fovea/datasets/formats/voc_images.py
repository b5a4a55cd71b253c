"""Finds the images of Pascal VOC xml files."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path, PureWindowsPath

from fovea.datasets.image_files import find_file
from fovea.datasets.messages import Notes
from fovea.errors import DatasetError
from fovea.picture import image_suffixes


class VocImages:
    """The images in some folders, by the names of xml files.

    An image is named like its xml file. The name in the xml itself may lack the suffix, or may be older than both
    files and now be the name of another image.

    Args:
        places: folders to search. Where an xml file lies in a folder below the others, the folder of the same name in
            each of the places is searched first.
    """

    def __init__(self, places: Sequence[Path]) -> None:
        self._places = places
        self._listed = cache(_images_by_stem)
        self.found: dict[Path, Path] = {}
        """The xml file of each image that was found."""

    def find(self, file: Path, below: Path, named: str, notes: Notes) -> Path | None:
        """Find the image of an xml file.

        Args:
            file: path of the xml file.
            below: folder of the xml file, relative to the folder of all xml files.
            named: name of the image in the xml; may be empty.
            notes: where to count xml files that name the image of another xml file.

        Returns:
            The path of the image; None where there is none.

        Raises:
            DatasetError: several images fit, or the image belongs to another xml file.
        """
        folders = [*dict.fromkeys([*(place / below for place in self._places), *self._places])]
        path = self._named_like(file.stem, named, folders)
        by_name = find_file(folders, named) if named else None
        if path is None:
            path = by_name or self._without_suffix(named, folders) or find_file(folders, file.stem)
        elif by_name not in (None, path):
            notes.add("xml files that call another image theirs than that of their own name, which counts", file.name)
        if path is not None and (other := self.found.setdefault(path, file)) != file:
            raise DatasetError(f"its image {path.name} is that of {other.name}, too")
        return path

    def unlabeled(self) -> list[str]:
        """Return the names of the images that have no xml file, in the folders of those that have one."""
        folders = dict.fromkeys(path.parent for path in self.found)
        beside = (path for folder in folders for paths in self._listed(folder).values() for path in paths)
        return [path.name for path in beside if path not in self.found]

    def _named_like(self, stem: str, named: str, folders: Sequence[Path]) -> Path | None:
        for folder in folders:
            fits = self._listed(folder).get(stem, ())
            if len(fits) > 1:
                wanted = PureWindowsPath(named).suffix
                fits = [path for path in fits if path.suffix == wanted] or fits
            if len(fits) > 1:
                raise DatasetError(f"{' and '.join(path.name for path in fits)} are named like it: keep one of them")
            if fits:
                return fits[0]
        return None

    def _without_suffix(self, named: str, folders: Sequence[Path]) -> Path | None:
        name = PureWindowsPath(named)
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
