"""Downloads a file: continues a download that broke off, checks the file, and puts it in place as a whole."""

import glob
import hashlib
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from fovea.errors import DownloadError

_CHUNK = 1 << 18
_TIMEOUT_S = 30


def cache_folder() -> Path:
    """Return the folder that downloads are kept in.

    Returns:
        ``$FOVEA_CACHE``, else ``$XDG_CACHE_HOME/fovea``, else ``~/.cache/fovea``.
    """
    if own := os.environ.get("FOVEA_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fovea"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file.

    Args:
        path: the file.

    Returns:
        SHA-256 in lower-case hexadecimal.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(url: str, target: Path, sha256: str) -> None:
    """Download a file with a progress bar on standard error.

    The part of a broken download that has arrived is kept beside the target as ``.part``, and the next download goes on
    from there. Several processes may download the same file: each writes a file of its own.

    Args:
        url: address of the file.
        target: path to write; folders on the way are made.
        sha256: SHA-256 that the file must have, in lower-case hexadecimal.

    Raises:
        DownloadError: the server cannot be reached or refuses, the connection breaks, the disk is full, or
            the file is not the one expected.
    """
    import requests  # here, because its import takes long, and few runs download

    kept = target.with_name(f"{target.name}.part")
    own = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _take_over(target, own, kept)
        if resumed := own.exists():
            _fetch(url, own, target.name)
        if not resumed or sha256_of(own) != sha256:  # the file has changed, or the server has resumed elsewhere
            own.unlink(missing_ok=True)
            _fetch(url, own, target.name)
        found = sha256_of(own)
        if found != sha256:
            own.unlink()
            raise DownloadError(
                f"has SHA-256 {found}, not {sha256}: it was deleted; try again or tell its owner", path=url
            )
        own.replace(target)
    except requests.RequestException as error:
        size = own.stat().st_size if own.exists() else 0
        raise DownloadError(
            f"no connection, or it broke ({size} bytes are kept): run again to go on, "
            f"or put the file at {target} yourself",
            path=url,
        ) from error
    except OSError as error:
        raise DownloadError(f"cannot be written: {error.strerror or error}", path=kept) from error
    finally:
        with suppress(OSError):
            own.replace(kept)  # after a success it has been renamed


def _take_over(target: Path, own: Path, kept: Path) -> None:
    """Take the part that a broken or killed download has left, if there is one. Only one process can rename it."""
    abandoned = [kept]
    for part in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        with suppress(FileNotFoundError):  # another process was faster
            if time.time() - part.stat().st_mtime > 2 * _TIMEOUT_S:
                abandoned.append(part)
    for part in abandoned:
        with suppress(FileNotFoundError):
            part.rename(own)
            return


def _fetch(url: str, part: Path, name: str) -> None:
    """Download a file, or the rest of it. The caller checks whether a server that resumes has sent the right rest."""
    import requests
    from tqdm import tqdm

    have = part.stat().st_size if part.exists() else 0
    # Compressed transfer would make the offsets of a resumed download meaningless.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as answer:
        if have and answer.status_code == requests.codes.requested_range_not_satisfiable:
            return  # the part is the whole file, or longer
        if not answer.ok:
            raise DownloadError(f"the server answered {answer.status_code} {answer.reason}", path=url)
        if answer.status_code != requests.codes.partial_content:
            have = 0
        elif not answer.headers.get("Content-Range", f"bytes {have}-").startswith(f"bytes {have}-"):
            return  # the server sends another part than the rest
        length = answer.headers.get("Content-Length", "")
        total = int(length) + have if length.isdecimal() else None
        with (
            part.open("ab" if have else "wb") as file,
            tqdm(desc=name, total=total, initial=have, unit="B", unit_scale=True, leave=False) as bar,
        ):
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
