"""The manifest of a job: a Parquet data set with a row for each image, which is written part by part."""

import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fovea.errors import FoveaError
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
_DAMAGED = "is no part of a manifest: remove it, and its images are encoded again"


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
        known: the rows that :meth:`open` has read, with those columns that tell which images are done, and the column
            ``part``, the number of the part.
        is_complete: whether the last run came to its end, so that each encoded file of all runs has a row.
    """

    def __init__(self, place: Place, settings: Mapping[str, Any]) -> None:
        self.place = place
        self._settings = dict(settings)
        self._schema = SCHEMA.with_metadata({_SETTINGS: json.dumps(self._settings)})
        self._parts: list[str] = []
        self.known = pa.schema([*_KNOWN, _PART]).empty_table()
        self.is_complete = False

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
            self.known = pa.concat_tables(tables).combine_chunks()
        if _EMPTY in self._parts:  # an interrupted run gives no number, and a part that was removed makes it wrong
            self.is_complete = self._read(_EMPTY).schema.metadata.get(_PARTS) == b"%d" % len(self._parts)
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

    def drop(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Remove rows.

        Args:
            rows: rows of :attr:`known`.

        Raises:
            FoveaError: a part cannot be changed.
        """
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
        name = self._parts[number]
        table = self._read(name)
        written = _settings_of(table.schema)
        if written != self._settings:
            raise FoveaError(_difference(written, self._settings), path=self.place.address)
        if table.schema.remove_metadata() != SCHEMA or table["path"].null_count:
            raise FoveaError(_DAMAGED, path=self.place.at(name))
        numbers = pa.array([number] * len(table), _PART.type)
        return table.select([field.name for field in _KNOWN]).append_column(_PART, numbers).replace_schema_metadata()

    def _read(self, name: str) -> pa.Table:
        content = self.place.read(name)
        try:
            table = pq.read_table(pa.BufferReader(content), page_checksum_verification=True)
            table.validate(full=True)  # the texts are UTF-8
            return table
        except MemoryError:
            raise
        except Exception as error:  # damaged bytes also give errors that pyarrow does not document
            raise FoveaError(_DAMAGED, path=self.place.at(name)) from error


def _serialized(table: pa.Table, schema: pa.Schema) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table.cast(schema), buffer, write_page_checksum=True)
    return buffer.getvalue()


def _settings_of(schema: pa.Schema) -> dict[str, Any] | None:
    """Return the settings in the metadata of a part, or None if there are none that can be read."""
    try:
        settings = json.loads((schema.metadata or {})[_SETTINGS])
    except (KeyError, ValueError):
        return None
    return settings if isinstance(settings, dict) else None


def _difference(written: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    if written is None:
        return _FOREIGN
    name = next(name for name in {**written, **now} if written.get(name) != now.get(name))
    return (
        f"the manifest was written with {name} {written.get(name)}, and {name} is {now.get(name)} now:"
        " name another place, or encode everything again with --overwrite"
    )
