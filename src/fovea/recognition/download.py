"""Downloads a file once: resumed where it broke off, checked, and put in place whole."""

import hashlib
import os
from pathlib import Path

import requests
from tqdm import tqdm

from fovea.errors import RecognizerError

_CHUNK = 1 << 18
_TIMEOUT_S = 30


def cache_folder() -> Path:
    """The folder that downloads are kept in.

    Returns:
        ``$FOVEA_CACHE``, else ``$XDG_CACHE_HOME/fovea``, else ``~/.cache/fovea``.
    """
    if own := os.environ.get("FOVEA_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fovea"


def sha256_of(path: Path) -> str:
    """Hashes a file.

    Args:
        path: the file.

    Returns:
        SHA-256 in lower-case hexadecimal.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(url: str, target: Path, sha256: str) -> None:
    """Downloads a file with a progress bar on standard error.

    What has arrived is kept beside the target as ``.part``: a broken download goes on where it stopped.

    Args:
        url: where the file is.
        target: where it shall be; folders are made.
        sha256: what its SHA-256 must be.

    Raises:
        RecognizerError: the server cannot be reached or refuses, the connection breaks, the disk is full, or
            the file is not the one expected.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part)
    except requests.RequestException as error:
        kept = part.stat().st_size if part.exists() else 0
        raise RecognizerError(
            f"{url}: no connection, or it broke ({kept} bytes are kept): run again to go on, "
            f"or put the file at {target} yourself"
        ) from error
    except OSError as error:
        raise RecognizerError(f"{part}: cannot be written: {error.strerror or error}") from error
    found = sha256_of(part)
    if found != sha256:
        part.unlink()
        raise RecognizerError(f"{url}: has SHA-256 {found}, not {sha256}: it was deleted; try again or tell its owner")
    part.replace(target)


def _fetch(url: str, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    # Compressed transfer would make the offsets of a resumed download meaningless.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            return  # everything is here already; the checksum decides
        if not answer.ok:
            raise RecognizerError(f"{url}: the server answered {answer.status_code} {answer.reason}")
        if answer.status_code != requests.codes.partial_content:
            have = 0
        total = int(answer.headers.get("Content-Length", 0)) + have
        name = part.name.removesuffix(".part")
        with (
            part.open("ab" if have else "wb") as file,
            tqdm(desc=name, total=total or None, initial=have, unit="B", unit_scale=True, leave=False) as bar,
        ):
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
