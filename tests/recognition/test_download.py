import errno
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fovea.errors import RecognizerError
from fovea.recognition import WEIGHTS, Weights, fetch, registry
from fovea.recognition.download import download

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """A web server with one file; ``breaks_at`` cuts the next answers short."""

    url: str = ""
    breaks_at: int | None = None
    ranges: bool = True
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
            first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and state.ranges else 0
            if first >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(len(CONTENT) - first))
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
    with pytest.raises(RecognizerError, match=r"it broke \(\d+ bytes are kept\): run again"):
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


def test_a_wrong_checksum_is_refused_and_cleared_away(server: Server, target: Path) -> None:
    with pytest.raises(RecognizerError, match=f"has SHA-256 {SHA256}, not {'0' * 64}"):
        download(server.url, target, "0" * 64)
    assert list(target.parent.iterdir()) == []


def test_a_missing_file_is_told(server: Server, target: Path) -> None:
    with pytest.raises(RecognizerError, match="the server answered 404 Not Found"):
        download(server.url.replace("model", "other"), target, SHA256)
    assert list(target.parent.iterdir()) == []


def test_no_network_is_told(target: Path) -> None:
    with pytest.raises(RecognizerError, match=r"no connection.*or put the file at .*model\.onnx yourself"):
        download("http://127.0.0.1:9/model.onnx", target, SHA256)


def test_a_full_disk_is_told(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("fovea.recognition.download.tqdm.update", full)
    with pytest.raises(RecognizerError, match=r"model\.onnx\.part: cannot be written: No space left"):
        download(server.url, target, SHA256)


def test_weights_are_fetched_once(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOVEA_CACHE", str(tmp_path / "cache"))
    weights = Weights("tiny", server.url, SHA256, "CC0-1.0")
    monkeypatch.setitem(registry.WEIGHTS, "tiny", weights)
    first = fetch(WEIGHTS["tiny"])
    assert first == tmp_path / "cache" / "recognizers" / "model.onnx" and fetch(weights) == first
    assert len(server.asked) == 1
    first.write_bytes(b"spoiled")
    assert fetch(weights).read_bytes() == CONTENT and len(server.asked) == 2


def test_weights_without_a_checksum_are_refused() -> None:
    with pytest.raises(RecognizerError, match="without a SHA-256"):
        fetch(Weights("mine", "http://127.0.0.1:9/mine.onnx", "", "MIT"))


def test_the_registry_is_complete() -> None:
    for name, weights in WEIGHTS.items():
        assert weights.name == name and weights.url.startswith("https://") and weights.license
        assert len(weights.sha256) == 64 and int(weights.sha256, 16) > 0
    assert len({weights.path for weights in WEIGHTS.values()}) == len(WEIGHTS)
