"""Listing the images of a place, one folder at a time."""

import posixpath
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import groupby
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
        return posixpath.splitext(self.path)[0] + ".fov"


class Listing:
    """The images of a place, folder by folder. Hidden files and folders are ignored.

    Each item is a list of the images that would become the same file, in the order of their names; usually of one. The
    names of one folder at a time are in memory. Links to folders are not followed.

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

    def __iter__(self) -> Iterator[list[File]]:
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

    def _images(self, entries: list[Entry]) -> Iterator[list[File]]:
        def key(file: File) -> str:
            return self._target.key(file.target)

        files = [file for entry in entries if (file := self._image(entry))]
        for _, same in groupby(sorted(files, key=key), key):
            yield list(same)

    def _image(self, entry: Entry) -> File | None:
        """Return an image. Anything else is counted, and None is returned."""
        suffix = PurePosixPath(entry.name).suffix.lower()
        if suffix not in self._suffixes:
            self.passed_over[suffix or "without a suffix"] += 1
            return None
        try:
            self._check(entry.name)
            found = self._place.linked(entry.name) if entry.is_link else entry
        except FoveaError as error:
            self.unread.append(error)
            return None
        if not found.is_file:
            self.passed_over["special"] += 1
            return None
        return File(found.name, found.size, found.version)

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
