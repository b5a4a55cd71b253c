"""The manifest of a job: a Parquet data set with a row for each image, which is written part by part."""

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fovea.errors import FoveaError
from fovea.jobs.listing import File
from fovea.jobs.place import Place

BLOCK = 256
"""Number of rows in a part. A job that is killed has to do at most this many images again."""
_READERS = 16
"""Number of parts that are read at the same time, because most of the time is spent waiting for the store."""
_SETTINGS = b"fovea"
"""Key of the settings in the metadata of a part."""
_PARTS = b"fovea parts"
"""Key of the number of parts in the metadata of the part without rows, where a job that has come to its end puts it."""


class Row(NamedTuple):
    """The row of an image in the manifest.

    Attributes:
        path: path of the image, relative to the source.
        source_bytes: size of the image file in bytes.
        source_version: ETag of the image file, or the time of its last change.
        bytes: size of the ``.fov`` file in bytes. This and the next four are None if the image could not be encoded.
        width: width of the picture in pixels.
        height: height of the picture in pixels.
        bpp: size of the ``.fov`` file in bits per pixel.
        sha256: SHA-256 of the ``.fov`` file, in hexadecimal digits.
        error: why the image could not be encoded; None if it was encoded.
        model_id: id of the model, 16 hexadecimal digits.
        quality: quality that was asked for, 0..100; None if a target size was asked for.
    """

    path: str
    source_bytes: int
    source_version: str
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    bpp: float | None = None
    sha256: str | None = None
    error: str | None = None
    model_id: str = ""
    quality: int | None = None


SCHEMA = pa.schema(
    {
        "path": pa.string(),
        "source_bytes": pa.int64(),
        "source_version": pa.string(),
        "bytes": pa.int64(),
        "width": pa.int32(),
        "height": pa.int32(),
        "bpp": pa.float64(),
        "sha256": pa.string(),
        "error": pa.string(),
        "model_id": pa.string(),
        "quality": pa.int32(),
    }
)
_KNOWN = [*(SCHEMA.field(name) for name in ("path", "source_bytes", "source_version", "bytes", "error"))]
"""Columns that have to be in memory to know which images are done."""
_PART = pa.field("part", pa.int32())
"""Column with the number of the part that holds a row; it is only in memory."""
_EMPTY = "settings.parquet"
"""Name of the part without rows that a job writes at its start."""
_OWN = re.compile(r"settings\.parquet|part-[0-9a-f]{16}\.parquet")
"""Names of the parts of a manifest."""
_FOREIGN = "is no manifest of an encoding: name another"
_OCCUPIED = "its .fov file was there before, and was not made from this image: move that file away"
"""Error of an image that would replace other work. The next run finds it in the row, and does not replace the file."""


def as_table(rows: Sequence[Row]) -> pa.Table:
    """Return rows as a table with the columns of the manifest.

    Example:
        >>> as_table([Row("a.png", 10, "x", error="no image")]).select(["path", "error"]).to_pylist()
        [{'path': 'a.png', 'error': 'no image'}]
    """
    return pa.Table.from_pylist([row._asdict() for row in rows], SCHEMA)


class Manifest:
    """A folder of Parquet files, the parts, which have one schema, so that readers of Parquet take them as one table.

    Each part is written as a whole. Its metadata hold the settings of the job. All parts have the same settings.

    Args:
        place: place of the folder.
        settings: settings that determine the content of the encoded files, as values of JSON.

    Attributes:
        place: as given.
    """

    def __init__(self, place: Place, settings: Mapping[str, Any]) -> None:
        self.place = place
        self._settings = dict(settings)
        self._schema = SCHEMA.with_metadata({_SETTINGS: json.dumps(self._settings)})
        self._parts: list[str] = []
        self._known = pa.schema([*_KNOWN, _PART]).empty_table()
        self._is_complete = False  # whether each encoded file of earlier runs has a row

    def open(self) -> bool:
        """Read which images are done, and return whether there is a manifest.

        Raises:
            FoveaError: the place is a file, a part cannot be read, or a part was written with other settings.
        """
        if self.place.is_file():
            raise FoveaError("is a file, and a manifest is a folder of parts: name another", path=self.place.address)
        self._parts = self._found()
        with ThreadPoolExecutor(_READERS) as pool:
            tables = list(pool.map(self._read_known, range(len(self._parts))))
        if tables:
            self._known = pa.concat_tables(tables).combine_chunks()
        if _EMPTY in self._parts:  # an interrupted run gives no number, and a part that was removed makes it wrong
            self._is_complete = self._read(_EMPTY).schema.metadata.get(_PARTS) == b"%d" % len(self._parts)
        return bool(tables)

    def start(self) -> None:
        """Write a part without rows. It holds the settings, and shows that the place can be written.

        Raises:
            FoveaError: it cannot be written.
        """
        self.place.write(_EMPTY, _serialized(SCHEMA.empty_table(), self._schema))

    def end(self) -> None:
        """Record that the job has come to its end, so that each encoded file has a row.

        Raises:
            FoveaError: it cannot be written.
        """
        number = b"%d" % len(self._found())
        schema = self._schema.with_metadata({**self._schema.metadata, _PARTS: number})
        self.place.write(_EMPTY, _serialized(SCHEMA.empty_table(), schema))

    def clear(self) -> None:
        """Remove all parts, whatever their settings are.

        Raises:
            FoveaError: there are Parquet files that are not parts of a manifest, or a part cannot be removed.
        """
        parts = self._found()
        if not all(_OWN.fullmatch(part) for part in parts):
            raise FoveaError(_FOREIGN, path=self.place.address)
        for part in parts:
            self.place.remove(part)

    def append(self, rows: Sequence[Row]) -> None:
        """Write rows as one part. The same rows give the same part, so they may be written again after an interruption.

        Raises:
            FoveaError: it cannot be written.
        """
        content = _serialized(as_table(rows), self._schema)
        self.place.write(f"part-{hashlib.sha256(content).hexdigest()[:16]}.parquet", content)

    def undone(self, files: Sequence[File], written: Callable[[File], int | None]) -> list[File]:
        """Return the images that are not done: without a row, failed, or with a source or a file that has changed.

        Rows of these images are removed, so that an image never has two rows. An image gets an error if its encoded
        file exists and comes from elsewhere.

        Args:
            files: images; an image may be in only one call.
            written: function that returns the size of the ``.fov`` file of an image in bytes; None if there is no such
                file.

        Raises:
            FoveaError: a part cannot be changed.
        """
        numbers = pc.index_in(pa.array([file.path for file in files], pa.string()), self._known["path"])
        known = {row["path"]: row for row in self._known.take(numbers.drop_null()).to_pylist()}
        undone = [file for file in files if not _is_done(file, known.get(file.path), written)]
        self._drop([known[file.path] for file in undone if file.path in known])
        return [
            file._replace(error=_OCCUPIED) if self._is_occupied(file, known.get(file.path), written) else file
            for file in undone
        ]

    def _is_occupied(self, file: File, row: Mapping[str, Any] | None, written: Callable[[File], int | None]) -> bool:
        """Return whether the encoded file of an image exists, although no run has written it."""
        unlisted = self._is_complete if row is None else row["error"] == _OCCUPIED
        return unlisted and not file.error and written(file) is not None and file.target not in self._made

    @cached_property
    def _made(self) -> frozenset[str]:
        """The encoded files that earlier runs have written, maybe from other images, such as a.fov from a.png."""
        done = self._known.filter(pc.is_null(self._known["error"]))
        return frozenset(File(path, 0, "").target for path in done["path"].to_pylist())

    def _drop(self, rows: Iterable[Mapping[str, Any]]) -> None:
        by_part: dict[int, list[str]] = {}
        for row in rows:
            by_part.setdefault(row["part"], []).append(row["path"])
        for number, paths in by_part.items():
            name = self._parts[number]
            table = self._read(name)
            dropped = pc.is_in(table["path"], pa.array(paths, pa.string()))
            self.place.write(name, _serialized(table.filter(pc.invert(dropped)), self._schema))

    def _found(self) -> list[str]:
        if not self.place.has_folder():
            return []
        return sorted(entry.name for entry in self.place.entries() if entry.name.endswith(".parquet"))

    def _read_known(self, number: int) -> pa.Table:
        table = self._read(self._parts[number])
        written = json.loads((table.schema.metadata or {}).get(_SETTINGS, b"null"))
        if written != self._settings:
            raise FoveaError(_difference(written, self._settings), path=self.place.address)
        numbers = pa.array([number] * len(table), _PART.type)
        return table.select([field.name for field in _KNOWN]).append_column(_PART, numbers).replace_schema_metadata()

    def _read(self, name: str) -> pa.Table:
        content = self.place.read(name)
        try:
            return pq.read_table(pa.BufferReader(content))
        except (pa.ArrowException, OSError) as error:
            raise FoveaError(
                "is no part of a manifest: remove it, and its images are encoded again", path=self.place.at(name)
            ) from error


def _serialized(table: pa.Table, schema: pa.Schema) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table.cast(schema), buffer)
    return buffer.getvalue()


def _is_done(file: File, row: Mapping[str, Any] | None, written: Callable[[File], int | None]) -> bool:
    if row is None or row["error"] is not None:
        return False
    same_source = (row["source_bytes"], row["source_version"]) == (file.size, file.version)
    return same_source and row["bytes"] == written(file)


def _difference(written: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    if written is None:
        return _FOREIGN
    name = next(name for name in {**written, **now} if written.get(name) != now.get(name))
    return (
        f"the manifest was written with {name} {written.get(name)}, and {name} is {now.get(name)} now:"
        " name another place, or encode everything again with --overwrite"
    )
