"""Which images of a listing are to be encoded, and which of several images gets the file that they would become."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fovea.jobs.listing import File
from fovea.jobs.manifest import Manifest
from fovea.jobs.place import Place

_OCCUPIED = "its .fov file was there before, and was not made from this image: move that file away"
"""Error of an image that would replace other work. The next run finds it in the row, and does not replace the file."""

_KnownRow = Mapping[str, Any]


class Selection:
    """Selects the images that are not done: without a row, failed, or with a source or a file that has changed.

    Args:
        manifest: manifest that was opened, if there was one.
        target: place of the encoded files.
    """

    def __init__(self, manifest: Manifest, target: Place) -> None:
        self._manifest, self._target = manifest, target
        self._written = _Written(target)

    def undone(self, groups: Sequence[list[File]]) -> list[File]:
        """Return the images that are not done.

        Their rows are removed, so that an image never has two rows. So are the rows of other images whose encoded file
        they replace, such as a.png that was removed from the source, if there is a.jpg now: these rows would not tell
        of the new file. An image gets an error if its encoded file exists and comes from elsewhere, or if another image
        becomes the same file.

        Args:
            groups: images, those that would become the same file in one list. An image may be in only one call.

        Raises:
            FoveaError: a part of the manifest cannot be changed, or the target cannot be read.
        """
        known = self._rows_of([file.path for group in groups for file in group])
        settled = (file for group in groups for file in self._settled(group, known))
        undone = [file for file in settled if not self._is_done(file, known.get(file.path))]
        old = [known[file.path] for file in undone if file.path in known]
        made = self._made([self._key(file) for file in undone if not file.error])
        selected = []
        for file in undone:
            others = [row for row in made.get(self._key(file), []) if row["path"] != file.path]
            if not others and self._is_occupied(file, known.get(file.path)):
                file = file._replace(error=_OCCUPIED)
            elif not file.error:
                old += others
            selected.append(file)
        self._manifest.drop(old)
        return selected

    def _settled(self, group: list[File], known: Mapping[str, _KnownRow]) -> list[File]:
        """Give an error to all images of a group but one: that which is done, or else the first."""
        if len(group) == 1:
            return group

        def claim(file: File) -> tuple[bool, bool]:
            row = known.get(file.path)
            return self._is_done(file, row), row is not None and row["error"] is None

        owner = max(group, key=claim)
        return [file if file == owner else file._replace(error=owner.path + _clash(file)) for file in group]

    def _is_done(self, file: File, row: _KnownRow | None) -> bool:
        if file.error or row is None or row["error"] is not None:
            return False
        same_source = (row["source_bytes"], row["source_version"]) == (file.size, file.version)
        return same_source and row["bytes"] == self._written.size(file)

    def _is_occupied(self, file: File, row: _KnownRow | None) -> bool:
        """Return whether the encoded file of an image exists, although this image never became it."""
        if row is None:
            unlisted = self._manifest.is_complete
        else:
            unlisted = row["error"] is not None and row["error"].endswith((_OCCUPIED, _clash(file)))
        return unlisted and not file.error and self._written.size(file) is not None

    def _rows_of(self, paths: Sequence[str]) -> dict[str, _KnownRow]:
        table = self._manifest.known
        numbers = pc.index_in(pa.array(paths, pa.string()), table["path"])
        return {row["path"]: row for row in table.take(numbers.drop_null()).to_pylist()}

    def _made(self, keys: Sequence[str]) -> dict[str, list[_KnownRow]]:
        """Return the rows of the images that earlier runs have encoded to files with these keys."""
        table = self._manifest.known
        found: dict[str, list[_KnownRow]] = {}
        if keys and len(table):
            is_made = pc.and_(pc.is_in(self._known_keys, pa.array(keys, pa.string())), pc.is_null(table["error"]))
            for row in table.filter(is_made).to_pylist():
                found.setdefault(self._key(_file(row["path"])), []).append(row)
        return found

    @cached_property
    def _known_keys(self) -> pa.Array:
        """The key of the encoded file of each row that is known."""
        paths: Iterable[str] = (path.as_py() for path in self._manifest.known["path"])
        return pa.array((self._key(_file(path)) for path in paths), pa.string())

    def _key(self, file: File) -> str:
        return self._target.key(file.target)


class _Written:
    """The sizes of the encoded files that the target holds.

    Images are listed folder by folder, so the sizes of one folder at a time are in memory.
    """

    def __init__(self, target: Place) -> None:
        self._target = target
        self._folder: str | None = None
        self._sizes: dict[str, int] = {}

    def size(self, file: File) -> int | None:
        """Return the size of the encoded file of an image in bytes, or None if there is no such file."""
        folder = posixpath.dirname(file.target)
        if folder != self._folder:
            self._folder = folder
            there = self._target.entries(folder) if self._target.has_folder(folder) else ()
            self._sizes = {self._target.key(entry.name): entry.size for entry in there}
        return self._sizes.get(self._target.key(file.target))


def _file(path: str) -> File:
    return File(path, 0, "")


def _clash(file: File) -> str:
    """Return the end of the error of an image that would become the same file as another one."""
    return f" would also become {file.target}: rename one"
