"""The page, asked for over HTTP."""

import io
import json
import logging
import re
import socket
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import requests
from PIL import Image

from fovea.camera import Server, Shown, Stage, create_app


@pytest.fixture(scope="module")
def stage():
    return Stage()


@pytest.fixture(scope="module")
def page(stage):
    server = Server(create_app(stage), "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.port}/"
    server.close()


def _shown(number, **more):
    pixels, now = np.full((48, 64, 3), 10 * number, np.uint8), time.time()
    return Shown(number, now - 0.5, now, pixels, True, **more)


def test_before_the_first_frame_there_is_no_picture(page):
    assert requests.get(f"{page}frame.jpg", timeout=30).status_code == 404


def test_the_files_of_the_page_load_nothing_from_elsewhere(page):
    html = requests.get(page, timeout=30)
    policy = html.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    for name in re.findall(r'(?:href|src)="([^"]+)"', html.text):
        loaded = requests.get(page + name, timeout=30)
        assert loaded.ok and "http" not in loaded.text
        assert loaded.headers["Content-Security-Policy"] == policy
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=", html.text)


def test_the_newest_picture_is_shown(page, stage):
    stage.show(_shown(1))
    stage.show(_shown(9))
    answer = requests.get(f"{page}frame.jpg", timeout=30)
    assert answer.headers["Cache-Control"] == "no-store"
    assert abs(np.asarray(Image.open(io.BytesIO(answer.content))).astype(int) - 90).max() < 4


def test_events_tell_of_new_pictures_only(page, stage):
    box = {"class": "person", "score": 0.9, "box": [1.0, 2.0, 30.0, 40.0]}
    stage.show(_shown(3))
    stage.show(_shown(4, objects=[box], kbps=51.26, fps=4.8))
    with requests.get(f"{page}events", stream=True, timeout=30) as answer:
        lines = answer.iter_lines()
        told = json.loads(next(lines).removeprefix(b"data: "))
        stage.show(_shown(5))
        following = json.loads(next(line for line in lines if line).removeprefix(b"data: "))
    assert told["frame"] == 4 and told["objects"] == [box]
    assert (told["width"], told["height"], told["kbps"], told["fps"], told["whole"]) == (64, 48, 51.3, 4.8, True)
    assert told["delay"] == 0.5
    assert following["frame"] == 5


@pytest.mark.parametrize(
    ("host", "status"), [("evil.example", 400), ("[2001:db8::1]", 400), ("localhost:8100", 200), ("[::1]:8100", 200)]
)
def test_only_names_of_this_machine_are_accepted(page, host, status):
    assert requests.get(page, headers={"Host": host}, timeout=30).status_code == status


def test_servers_do_not_share_a_port_on_windows(monkeypatch):
    monkeypatch.setattr("fovea.camera.serving.os", SimpleNamespace(name="nt"))
    server = Server(create_app(Stage()), "127.0.0.1", 0)
    assert not server._socket.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    server.close()


def test_a_server_with_open_events_closes(stage):
    server = Server(create_app(stage), "127.0.0.1", 0)
    stage.show(_shown(6))
    with requests.get(f"http://127.0.0.1:{server.port}/events", stream=True, timeout=30) as answer:
        next(answer.iter_lines())
        closing = threading.Thread(target=server.close, daemon=True)
        closing.start()
        closing.join(60)
        assert not closing.is_alive()


def test_the_logging_of_the_program_stays_as_it_is():
    class Handler(logging.Handler):
        def close(self):
            pytest.fail("a handler of the program was closed")

    handler = Handler()
    before = logging.getLogger("uvicorn").handlers[:]
    server = Server(create_app(Stage()), "127.0.0.1", 0)
    server.close()
    assert logging.getLogger("uvicorn").handlers == before
    del Handler.close
    handler.close()
