"""Places of images and encoded files: folders, and prefixes of object stores."""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from fovea import atomic
from fovea.errors import FoveaError
from fovea.names import file_key, is_name


class Place:
    """A folder, or a prefix of an object store. It is pickled as its address; a folder as its absolute path, because
    workers that unpickle it may be in another folder.

    Args:
        address: path of a folder, or a URL of a store, such as ``s3://bucket/photos``. The library of the store finds
            credentials and endpoints by its own rules, for example in the environment.

    Attributes:
        address: as given, without a slash at the end, unless it is the root of a file system or store.

    Raises:
        FoveaError: the kind of store is not known, or its library is not installed.

    Example:
        >>> place = Place("memory://bucket/photos")
        >>> place.write("street/a.txt", b"content")
        >>> place.read("street/a.txt"), [entry.name for entry in place.entries("street")]
        (b'content', ['street/a.txt'])
    """

    def __init__(self, address: str) -> None:
        self.address = _without_slash(address)
        try:
            if "://" in address:
                # A cached listing would hold all names in memory, and would not show files that are written later.
                self._files, root = fsspec.url_to_fs(self.address, use_listings_cache=False)
            else:  # fsspec must not interpret a path, which may contain any characters
                self._files, root = LocalFileSystem(), Path(self.address).absolute().as_posix()
        except (ImportError, ValueError) as error:
            raise FoveaError(f"the store cannot be opened: {error}", path=address) from error
        self._root = _without_slash(str(root))
        self._is_local = isinstance(self._files, LocalFileSystem)

    def __reduce__(self) -> tuple[type["Place"], tuple[str]]:
        return Place, (self._root if self._is_local else self.address,)

    def at(self, name: str) -> str:
        """Return the address of a file or folder, for messages and to open it as another place.

        Args:
            name: name, relative to the place; empty for the place itself.
        """
        return posixpath.join(self.address, name) if name else self.address

    def key(self, name: str) -> str:
        """Return a text that is the same for all names of one file or folder: some file systems ignore case.

        Args:
            name: name, relative to the place.
        """
        return file_key(name) if self._is_local else name

    def can_hold(self, name: str) -> bool:
        """Return whether a file or folder of this place can have a name of another place.

        Args:
            name: name, relative to the other place.
        """
        return not self._is_local or is_name(name)

    def has_folder(self, folder: str = "") -> bool:
        """Return whether a folder exists, or a prefix with files.

        Args:
            folder: name of the folder, relative to the place.

        Raises:
            FoveaError: the store does not answer.
        """
        with _errors_about(self.at(folder), "read"):
            return bool(self._files.isdir(self._path(folder)))

    def is_file(self) -> bool:
        """Return whether the place itself is a file.

        Raises:
            FoveaError: the store does not answer.
        """
        with _errors_about(self.address, "read"):
            return bool(self._files.isfile(self._root))

    def entries(self, folder: str = "") -> Iterator["Entry"]:
        """Yield the files, folders, links and special files in a folder, in any order.

        Keys of a store such as ``photos//a.png`` lie in a folder without a name: the name of its entry ends in a slash,
        or is empty.

        Args:
            folder: name of the folder, relative to the place.

        Raises:
            FoveaError: the folder cannot be read.
        """
        path = self._path(folder)
        with _errors_about(self.at(folder), "read"):
            listing: list[dict[str, Any]] = self._files.ls(path, detail=True)
        for info in listing:
            if (whole := info["name"].rstrip("/")) != path.rstrip("/"):
                yield Entry(posixpath.join(folder, posixpath.basename(whole)), info)
            elif info["type"] == "directory" and info["name"] != path:  # otherwise, the store lists the folder itself
                yield Entry(posixpath.join(folder, ""), info)

    def linked(self, name: str) -> "Entry":
        """Return the entry of the file or folder that a link leads to.

        Args:
            name: name of the link, relative to the place.

        Raises:
            FoveaError: the link leads nowhere.
        """
        with _errors_about(self.at(name), "read"):
            return Entry(name, self._files.info(self._path(name)))

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Args:
            name: name of the file, relative to the place.

        Raises:
            FoveaError: the file cannot be read.
        """
        with _errors_about(self.at(name), "read"):
            return bytes(self._files.cat_file(self._path(name)))

    def write(self, name: str, content: bytes) -> None:
        """Write a file, which appears under its name only when it is complete.

        In a folder, the file is renamed at the end. In a store, it is uploaded with one request.

        Args:
            name: name of the file, relative to the place.
            content: content of the file.

        Raises:
            FoveaError: the file cannot be written.
        """
        path = self._path(name)
        if self._is_local:
            with atomic.writing(Path(path)) as file:
                file.write(content)
            return
        with _errors_about(self.at(name), "written"):
            self._files.pipe_file(path, content)

    def remove(self, name: str) -> None:
        """Remove a file.

        Args:
            name: name of the file, relative to the place.

        Raises:
            FoveaError: the file cannot be removed.
        """
        with _errors_about(self.at(name), "removed"):
            self._files.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return posixpath.join(self._root, name) if name else self._root


class Entry:
    """A file, folder, link or special file in a listing.

    Args:
        name: name, relative to the place.
        info: facts about it from fsspec.

    Attributes:
        name: as given.
        is_folder: whether it is a folder.
        is_file: whether it is a regular file.
        is_link: whether it is a link, which :meth:`Place.linked` follows.
        size: size in bytes.
        version: ETag of the store, or the time of the last change, so that another content has another version.
    """

    def __init__(self, name: str, info: dict[str, Any]) -> None:
        self.name = name
        self.is_link = bool(info.get("islink"))
        self.is_folder = info["type"] == "directory"
        self.is_file = info["type"] == "file"
        self.size = int(info.get("size") or 0)
        marks = (info.get(key) for key in ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated"))
        self.version = str(next((mark for mark in marks if mark), ""))


def _without_slash(path: str) -> str:
    """Return a path or URL without slashes at the end, except for a root: ``/``, ``C:/`` or ``s3://``."""
    short = path.rstrip("/")
    return path if not short or short.endswith(":") else short


@contextmanager
def _errors_about(address: str, verb: str) -> Iterator[None]:
    """Turn errors of the libraries of stores into errors that name the file."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # each library has its own errors, for example about credentials
        known = isinstance(error, OSError) and error.strerror
        raise FoveaError(f"cannot be {verb}: {known or error or type(error).__name__}", path=address) from error
