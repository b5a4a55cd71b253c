"""Listing the images of a place, one folder at a time."""

import posixpath
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from fovea.errors import FoveaError
from fovea.jobs.place import Entry, Place


class File(NamedTuple):
    """An image to encode.

    Attributes:
        path: path, relative to the place.
        size: size in bytes.
        version: text that changes with the content, see :class:`fovea.jobs.place.Entry`.
        error: why the image is not encoded; empty if it is to be encoded.
    """

    path: str
    size: int
    version: str
    error: str = ""

    @property
    def target(self) -> str:
        """Path of the encoded file, relative to the target.

        Example:
            >>> File("street/a.b.jpg", 1000, "").target
            'street/a.b.fov'
        """
        return str(PurePosixPath(self.path).with_suffix(".fov"))


class Listing:
    """The images of a place, folder by folder in the order of their names. Hidden files and folders are ignored.

    The names of one folder at a time are in memory. Links to folders are not followed.

    Args:
        place: place of the images.
        suffixes: suffixes of the images, in lower case.
        target: place of the encoded files.

    Attributes:
        passed_over: number of other files, by suffix, in the folders that were listed so far.
        unread: errors about files and folders that cannot be read, or have a name that a job cannot use.
    """

    def __init__(self, place: Place, suffixes: Collection[str], target: Place) -> None:
        self._place, self._suffixes, self._target = place, suffixes, target
        self.passed_over: Counter[str] = Counter()
        self.unread: list[FoveaError] = []

    def __iter__(self) -> Iterator[File]:
        folders = [""]
        while folders:
            files: list[Entry] = []
            below: list[Entry] = []
            try:
                for entry in self._place.entries(folders.pop()):
                    if not posixpath.basename(entry.name).startswith("."):
                        (below if entry.is_folder else files).append(entry)
            except FoveaError as error:
                self.unread.append(error)
            folders += reversed(self._folders(sorted(folder.name for folder in below)))
            yield from self._images(sorted(files, key=lambda entry: entry.name))

    def _folders(self, names: list[str]) -> list[str]:
        """Return the folders that can be listed."""
        first: dict[str, str] = {}
        for name in names:
            try:
                self._check(name)
                if (clash := first.setdefault(self._target.key(name), name)) != name:
                    raise FoveaError(f"{clash} would become the same folder: rename one", path=self._place.at(name))
            except FoveaError as error:
                self.unread.append(error)
        return list(first.values())

    def _images(self, entries: list[Entry]) -> Iterator[File]:
        first: dict[str, str] = {}
        for entry in entries:
            suffix = PurePosixPath(entry.name).suffix.lower()
            if suffix not in self._suffixes:
                self.passed_over[suffix or "without a suffix"] += 1
                continue
            try:
                self._check(entry.name)
                found = self._place.linked(entry.name) if entry.is_link else entry
            except FoveaError as error:
                self.unread.append(error)
                continue
            if not found.is_file:
                self.passed_over["special"] += 1
                continue
            file = File(found.name, found.size, found.version)
            clash = first.setdefault(self._target.key(file.target), file.path)
            reason = "" if clash == file.path else f"{clash} would also become {file.target}: rename one"
            yield file._replace(error=reason)

    def _check(self, name: str) -> None:
        """Check that the name of an image or folder can be in a manifest, and can be the name of an encoded file.

        Raises:
            FoveaError: it cannot.
        """
        if not posixpath.basename(name):
            raise FoveaError(
                "images whose keys have two slashes in a row here are not encoded: rename them",
                path=self._place.at(name),
            )
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise FoveaError(
                "has a name that is not UTF-8, so no manifest can hold it: rename it", path=self._place.at(name)
            ) from error
        if not self._target.can_hold(name):
            raise FoveaError(
                f"has a name that nothing in {self._target.address} can have: rename it", path=self._place.at(name)
            )
