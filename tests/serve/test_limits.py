"""The limits: what is beyond them is refused, and other requests go on."""

import io
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

import httpx
import pytest
from PIL import Image

import fovea
from fovea.bitstream import Container, Header, write
from fovea.serve import Limits, connections
from fovea.serve.coding import Coding, Result

from .conftest import connect, head, idle, loopback, png, serving, until

LIMITS = Limits(jobs=1, queue=1, body_bytes=50_000, pixels=10_000, seconds=20, upload_seconds=0.5, connections=40)


@pytest.fixture(scope="module")
def limited():
    with serving(LIMITS) as running:
        yield running


@contextmanager
def time_limit(running, seconds):
    """Let requests take only so long."""
    service = running.service
    limits = replace(service.settings.limits, seconds=seconds)
    running.server.config.app.state.service = replace(service, settings=replace(service.settings, limits=limits))
    try:
        yield
    finally:
        running.server.config.app.state.service = service


def answer_of(connection):
    """All that comes until the server closes the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


# --- Bodies ---


def test_a_body_that_says_it_is_too_large_is_refused_unread(limited):
    with connect(limited, head("/v1/encode", 10**12, "Expect: 100-continue")) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_without_a_length_is_refused_while_it_arrives(limited):
    sent = []

    def chunks():
        for number in range(100):
            sent.append(number)
            yield bytes(10_000)

    answer = limited.post("/v1/encode", chunks())
    assert answer.status_code == 413
    assert "larger than 50000 bytes" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_connection_goes_on_after_a_body_that_is_too_large(limited):
    assert limited.post("/v1/encode", bytes(200_000)).status_code == 413
    assert limited.client.get("/healthz").status_code == 200


def test_a_slow_body_is_refused(limited):
    with connect(limited, head(length=1000) + b"slow") as connection:
        answer = answer_of(connection)
    assert answer.startswith(b"HTTP/1.1 408 ") and b"0.5 seconds" in answer


def test_slow_bodies_keep_nobody_from_coding(limited):
    slow = [connect(limited, head(length=1000) + b"slow") for _ in range(10)]
    assert limited.post("/v1/encode", png()).status_code == 200
    for connection in slow:
        connection.close()


def test_a_body_that_is_cut_is_no_error(limited):
    before = limited.metric("fovea_requests_total")
    connect(limited, head(length=1000) + b"cut").close()
    until(lambda: limited.metric('fovea_requests_total{route="/v1/encode",status="499"}') > 0)
    assert limited.metric("fovea_requests_total") > before


def test_all_bodies_together_have_a_limit(limited, monkeypatch):
    monkeypatch.setattr(limited.service.intake, "_budget", 100)
    answer = limited.post("/v1/encode", bytes(1000))
    assert answer.status_code == 503 and answer.headers["retry-after"]


# --- Pictures ---


def bomb(width, height):
    """A PNG of some hundred bytes that says it is huge."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    start = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(100_000), 9))
    return b"\x89PNG\r\n\x1a\n" + start + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("path", ["/v1/encode", "/v1/compare"])
def test_a_picture_of_too_many_pixels_is_refused(limited, path):
    answer = limited.post(path, bomb(16_000, 16_000))
    assert answer.status_code == 413
    assert "16000x16000 pixels: at most 10000" in answer.json()["detail"]
    assert limited.post(path, bomb(2**20, 2**20)).status_code in (413, 422)


def tiled(side):
    """A TIFF of 16x16 pixels, in one tile that is much larger."""
    entries = [(256, 16), (257, 16), (258, 8), (259, 8), (262, 1), (322, side), (323, side), (324, 122), (325, 8)]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4) + zlib.compress(b"")


def test_a_tile_of_too_many_pixels_is_refused(limited):
    answer = limited.post("/v1/encode", tiled(8000))
    assert answer.status_code == 413
    assert "The tile of the picture has 8000x8000 pixels: at most 10000" in answer.json()["detail"]


def coded_bomb(tile_size=1024):
    """A coded file of few bytes that says it holds 64 megapixels."""
    model = fovea.load_model("fovea-s")
    header = Header(model.id, 8000, 8000, 50, tile_size=tile_size)
    return write(Container(header, tuple(b"x" for _ in range(header.grid.tiles)), fovea.bitstream.Metadata(), None))


@pytest.mark.parametrize("path", ["/v1/decode", "/v1/map"])
def test_a_coded_file_of_too_many_pixels_is_refused(limited, path):
    answer = limited.post(path, coded_bomb())
    assert answer.status_code == 413
    assert "8000x8000 pixels" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/decode?region=0,0,10,10", "/v1/map"])
def test_a_coded_file_of_too_large_tiles_is_refused(limited, path):
    answer = limited.post(path, coded_bomb(tile_size=2048))
    assert answer.status_code == 413
    assert "tiles of 2048x2048 pixels: this service decodes tiles of at most 1024x1024" in answer.json()["detail"]


def test_of_a_region_its_own_pixels_count(limited):
    assert limited.post("/v1/decode", coded_bomb(), region="0,0,101,100").status_code == 413
    assert limited.post("/v1/decode", coded_bomb(), region="0,0,10,10").status_code == 422  # the tiles are damaged


def test_a_profile_that_is_a_bomb_is_refused(limited):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG", icc_profile=bytes(30_000_000))
    assert len(file.getvalue()) < 50_000
    assert limited.post("/v1/encode", file.getvalue()).status_code == 422


@pytest.mark.parametrize("seed", range(5))
def test_garbage_is_refused(limited, seed):
    import random

    noise = random.Random(seed).randbytes(3000)
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"GIF89a", png()[:60], coded_bomb()[:40]):
        for path in ("/v1/encode", "/v1/decode", "/v1/info", "/v1/map"):
            assert limited.post(path, start + noise).status_code in (413, 422)


# --- Time, places and connections ---


def test_beyond_the_queue_requests_are_refused_at_once(limited, blocked):
    with ThreadPoolExecutor(2) as threads:
        taken = [threads.submit(limited.post, "/v1/encode", png()) for _ in range(2)]
        until(lambda: limited.service.pool.full)
        assert limited.client.get("/readyz").status_code == 503
        assert limited.metric("fovea_queue_length") == limited.metric("fovea_coding") == 1
        begin = time.monotonic()
        answer = limited.post("/v1/encode", png())
        assert time.monotonic() - begin < 2
        assert answer.status_code == 503 and 1 <= int(answer.headers["retry-after"]) <= 60
        assert limited.client.get("/healthz").status_code == 200
        blocked.release.set()
        assert [job.result().content for job in taken] == [b"done", b"done"]
    assert limited.client.get("/readyz").status_code == 200
    assert limited.metric('fovea_rejected_total{reason="queue"}') == 1


def test_what_takes_too_long_stops(limited, blocked):
    with time_limit(limited, 0.2):
        answer = limited.post("/v1/encode", png())
    assert answer.status_code == 504 and "0.2 seconds" in answer.json()["detail"]
    assert blocked.stopped.wait(10)
    until(lambda: idle(limited))


def test_a_request_whose_turn_never_comes_is_told_to_try_again(limited, blocked):
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(limited.post, "/v1/encode", png())
        until(lambda: limited.service.pool.running == 1)
        with time_limit(limited, 0.2):
            answer = limited.post("/v1/encode", png())
        assert answer.status_code == 503 and answer.headers["retry-after"]
        blocked.release.set()
        assert first.result().status_code == 200


def test_a_client_that_is_gone_frees_its_place(limited, blocked):
    body = png()
    running = connect(limited, head(length=len(body)) + body)
    assert blocked.begun.wait(10)
    waiting = connect(limited, head(length=len(body)) + body)
    until(lambda: limited.service.pool.waiting == 1)
    waiting.close()
    until(lambda: limited.service.pool.waiting == 0)
    assert not blocked.stopped.is_set()
    running.close()
    assert blocked.stopped.wait(10)
    until(lambda: idle(limited))


def test_a_real_coding_stops_at_the_next_tile(limited):
    """Many tiles of one picture, of which few are coded."""
    tiles = []
    gray = Image.new("L", (1000, 1000))
    limited.service.coding._largest, largest = 2_000_000, limited.service.coding._largest
    file = io.BytesIO()
    gray.save(file, "PNG")
    encoder = limited.service.coding._codecs["fovea-s"]._encoder.get()._latents
    encode = encoder.encode
    encoder.encode = lambda *arguments: (tiles.append(1), time.sleep(0.02), encode(*arguments))[-1]
    try:
        with time_limit(limited, 0.3):
            answer = limited.post("/v1/encode", file.getvalue(), tile_size=64, quality=50)
        assert answer.status_code == 504
        until(lambda: idle(limited))
        assert 0 < len(tiles) < 256
    finally:
        encoder.encode = encode
        limited.service.coding._largest = largest


def test_connections_beyond_the_limit_are_refused(limited):
    half = LIMITS.connections // 2
    limited.close_connections()
    many = [connect(limited, source=loopback(number)) for number in (1, 2) for _ in range(half)]
    until(lambda: len(limited.server.server_state.connections) == LIMITS.connections)
    with connect(limited, source=loopback(3)) as another:
        answer = answer_of(another)
    assert answer.startswith(b"HTTP/1.1 503 ") and b"Retry-After" in answer
    for connection in many:
        connection.close()
    until(lambda: not limited.server.server_state.connections)
    assert limited.client.get("/healthz").status_code == 200


def test_a_head_that_does_not_come_ends_the_connection(limited, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    for before, part in ((b"", b""), (b"", whole[:-2]), (whole, whole[:-2])):
        with connect(limited, before) as connection:
            if before:
                answer = b""
                while not answer.endswith(b"}"):
                    answer += connection.recv(1000)
            connection.sendall(part)
            begin = time.monotonic()
            with suppress(ConnectionResetError):
                assert answer_of(connection) == b""
            assert time.monotonic() - begin < 5


def test_a_head_that_comes_in_time_is_answered(limited, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    with connect(limited, head(length=4)) as connection:
        time.sleep(0.4)  # the head is complete, and the body has its own limit
        connection.sendall(b"body")
        assert connection.recv(1000).startswith(b"HTTP/1.1 422 ")


def test_a_client_that_reads_nothing_is_cut(limited, monkeypatch, blocked):
    monkeypatch.setattr(connections, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(Coding, "encode", lambda *_, **__: Result(bytes(30_000_000), "image/x-fovea"))
    body = png()
    open_now = limited.server.server_state.connections
    known = set(open_now)
    with connect(limited, head(length=len(body)) + body):
        until(lambda: open_now - known)
        until(lambda: not open_now - known)


def test_a_slow_reader_gets_everything(limited, monkeypatch, blocked):
    monkeypatch.setattr(connections, "STALL_SECONDS", 0.8)
    monkeypatch.setattr(Coding, "encode", lambda *_, **__: Result(bytes(20_000_000), "image/x-fovea"))
    with httpx.stream("POST", f"http://127.0.0.1:{limited.port}/v1/encode", content=png()) as answer:
        size = 0
        for part in answer.iter_bytes(2_000_000):
            size += len(part)
            time.sleep(0.15)
    assert size == 20_000_000


def test_who_reads_a_little_from_time_to_time_is_cut(limited, monkeypatch, blocked):
    """A part has to be read in time, and not a byte."""
    monkeypatch.setattr(connections, "STALL_SECONDS", 0.4)
    monkeypatch.setattr(Coding, "encode", lambda *_, **__: Result(bytes(30_000_000), "image/x-fovea"))
    body = png()
    with connect(limited, head(length=len(body)) + body) as connection:
        until(lambda: limited.service.intake._held.total() == 30_000_000)
        end = time.monotonic() + 10
        while limited.service.intake._held:
            assert time.monotonic() < end and connection.recv(1000)
            time.sleep(0.02)


def test_an_answer_counts_until_it_is_read(limited, monkeypatch, blocked):
    """Answers of a caller that does not read them keep out its next ones, and what others send beyond all memory."""
    size = 30_000_000
    monkeypatch.setattr(Coding, "encode", lambda *_, **__: Result(bytes(size), "image/x-fovea"))
    monkeypatch.setattr(limited.service.intake, "_share", 1000)
    body = png()
    held = limited.service.intake._held
    with connect(limited, head(length=len(body)) + body) as connection:
        until(lambda: held.total() == size)
        answer = limited.post("/v1/encode", body)
        assert answer.status_code == 503 and "receives or sends too much" in answer.json()["detail"]
        received = 0
        while received < size:
            received += len(connection.recv(2**20))
        until(lambda: not held)
    assert limited.post("/v1/encode", body).status_code == 200


def test_an_answer_for_which_no_memory_is_left_is_refused(limited, monkeypatch, blocked):
    """Two requests arrive while no answer is in memory; the second answer finds the first."""
    size = 30_000_000

    def encode(*_, **__):
        assert blocked.release.wait(20)
        return Result(bytes(size), "image/x-fovea")

    monkeypatch.setattr(Coding, "encode", encode)
    monkeypatch.setattr(limited.service.intake, "_budget", 10_000)
    body = png()
    with connect(limited, head(length=len(body)) + body), ThreadPoolExecutor(1) as threads:
        until(lambda: limited.service.pool.running == 1)
        second = threads.submit(limited.post, "/v1/encode", body)
        until(lambda: limited.service.pool.waiting == 1)
        blocked.release.set()
        assert second.result().status_code == 503
        assert limited.service.intake._held.total() == size
    until(lambda: not limited.service.intake._held)


def test_no_http_is_answered_and_ended(limited):
    with connect(limited, b"\x16\x03\x01 this is no HTTP\r\n\r\n") as connection:
        assert answer_of(connection).startswith(b"HTTP/1.1 400 ")
