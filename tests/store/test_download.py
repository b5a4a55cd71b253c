"""Downloads from a server that breaks off, resumes, or sends something else."""

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fovea.errors import DownloadError
from fovea.store import download

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """A web server with one file; ``breaks_at`` cuts the next answers short."""

    url: str = ""
    breaks_at: int | None = None
    ranges: bool = True
    shift: int = 0
    """Bytes by which a resumed answer starts too early; it says so."""
    pause: threading.Barrier | None = None
    """Holds answers until so many are asked for."""
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            state.asked.append(wanted)
            if not self.path.endswith("/model.onnx"):
                self.send_error(404)
                return
            if state.pause:
                state.pause.wait(60)
            first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and state.ranges else 0
            first -= state.shift if first else 0
            if first >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(len(CONTENT) - first))
            if state.shift and first:
                self.send_header("Content-Range", f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}")
            self.end_headers()
            self.wfile.write(CONTENT[first : state.breaks_at])

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the test output clean."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{web.server_port}/model.onnx"
    yield state
    web.shutdown()
    thread.join()
    web.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "model.onnx"


def test_a_file_is_downloaded_and_nothing_else_is_left(server: Server, target: Path) -> None:
    download(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT and list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_goes_on_where_it_stopped(server: Server, target: Path, ranges: bool) -> None:
    server.breaks_at, server.ranges = 700_000, ranges
    with pytest.raises(DownloadError, match=r"it broke \(\d+ bytes are kept\): run again"):
        download(server.url, target, SHA256)
    kept = target.with_name("model.onnx.part").stat().st_size
    assert 0 < kept <= 700_000 and not target.exists()
    server.breaks_at = None
    download(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={kept}-"]


def test_a_whole_part_is_only_checked(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("model.onnx.part").write_bytes(CONTENT)
    download(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("kept", [b"of another file" * 9, CONTENT[:-1] + b"?", CONTENT + b"and more"])
def test_what_was_kept_of_another_file_is_not_gone_on_with(server: Server, target: Path, kept: bytes) -> None:
    target.parent.mkdir()
    target.with_name("model.onnx.part").write_bytes(kept)
    download(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT and list(target.parent.iterdir()) == [target]
    assert server.asked == [f"bytes={len(kept)}-", None]


def test_a_server_that_resumes_elsewhere_is_asked_for_everything(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("model.onnx.part").write_bytes(CONTENT[:5000])
    server.shift = 1000
    download(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT and server.asked == ["bytes=5000-", None]


def test_many_download_one_file_at_once(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("model.onnx.part").write_bytes(CONTENT[:5000])
    server.pause = threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(download, server.url, target, SHA256) for _ in range(4)]:
            done.result()
    assert target.read_bytes() == CONTENT and list(target.parent.iterdir()) == [target]
    assert sorted(map(str, server.asked)) == ["None", "None", "None", "bytes=5000-"], "one alone goes on"


def test_what_a_killed_download_left_is_gone_on_with(server: Server, target: Path) -> None:
    target.parent.mkdir()
    busy, left = (target.with_name(f".model.onnx.{number}.part") for number in range(2))
    busy.write_bytes(CONTENT[:8000])
    left.write_bytes(CONTENT[:5000])
    os.utime(left, (0, 0))
    download(server.url, target, SHA256)
    assert server.asked == ["bytes=5000-"]
    assert sorted(target.parent.iterdir()) == [busy, target], "another process still writes to it"


def test_an_interrupted_download_is_gone_on_with(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("tqdm.tqdm.update", interrupted)
        download(server.url, target, SHA256)
    (kept,) = target.parent.iterdir()
    assert kept.name == "model.onnx.part" and CONTENT.startswith(kept.read_bytes())


def test_a_wrong_checksum_is_refused_and_cleared_away(server: Server, target: Path) -> None:
    with pytest.raises(DownloadError, match=f"has SHA-256 {SHA256}, not {'0' * 64}") as error:
        download(server.url, target, "0" * 64)
    assert error.value.path == server.url
    assert list(target.parent.iterdir()) == []


def test_a_missing_file_is_told(server: Server, target: Path) -> None:
    with pytest.raises(DownloadError, match="the server answered 404 Not Found"):
        download(server.url.replace("model", "other"), target, SHA256)
    assert list(target.parent.iterdir()) == []


def test_no_network_is_told(target: Path) -> None:
    with pytest.raises(DownloadError, match=r"no connection.*or put the file at .*model\.onnx yourself"):
        download("http://127.0.0.1:9/model.onnx", target, SHA256)


def test_a_full_disk_is_told(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tqdm.tqdm.update", full)
    with pytest.raises(DownloadError, match=r"model\.onnx\.part: cannot be written: No space left") as error:
        download(server.url, target, SHA256)
    assert error.value.path == target.with_name("model.onnx.part")
