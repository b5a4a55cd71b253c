"""Codecs in programs that fork, spawn or pickle."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from fovea.engine import engine_names

from .conftest import MODEL

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

HEAD = """
import os, sys
import numpy as np
from fovea import Codec

image = np.arange(70 * 90 * 3, dtype=np.uint8).reshape(70, 90, 3)
"""


@pytest.mark.parametrize("engine", engine_names())
def test_a_forked_child_encodes_decodes_and_ends(program, engine):
    printed = program(
        HEAD
        + f"""
codec = Codec("tiny.fovea", "{engine}", threads=2)
expected = codec.encode(image)
codec.decode(expected)
for round in range(3):
    child = os.fork()
    if child == 0:
        same = codec.encode(image) == expected and codec.decode(expected).shape == image.shape
        grandchild = os.fork()
        if grandchild == 0:
            sys.exit(codec.encode(image) != expected)  # ends like a program, which cleans up everything
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]) or not same)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
assert codec.encode(image) == expected
"""
    )
    assert printed.split() == ["0"] * 3


@pytest.mark.parametrize("engine", engine_names())
def test_a_forked_child_may_free_the_codec_of_its_parent(program, engine):
    program(
        HEAD
        + f"""
import gc
codec = Codec("tiny.fovea", "{engine}", threads=2)
codec.encode(image)
child = os.fork()
if child == 0:
    del codec
    gc.collect()
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    )


@pytest.mark.parametrize("engine", engine_names())
def test_children_that_are_forked_while_threads_encode(program, engine):
    program(
        HEAD
        + f"""
import threading
codec = Codec("tiny.fovea", "{engine}", threads=2)
expected = codec.encode(image)
end = threading.Event()

def work():
    while not end.is_set():
        assert codec.encode(image) == expected

threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(3):
    child = os.fork()
    if child == 0:
        sys.exit(codec.encode(image) != expected)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
end.set()
for thread in threads:
    thread.join()
"""
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools_of_processes(program, method):
    printed = program(
        HEAD
        + f"""
import multiprocessing

def size(codec, quality):
    return len(codec.encode(image, quality))

if __name__ == "__main__":
    codec = Codec("tiny.fovea", threads=1)
    expected = [size(codec, quality) for quality in (10, 40, 90)]
    with multiprocessing.get_context("{method}").Pool(2) as pool:
        print(pool.starmap(size, [(codec, 10), (codec, 40), (codec, 90)]) == expected)
"""
    )
    assert printed.split() == ["True"]


def test_joblib(program):
    pytest.importorskip("joblib")
    printed = program(
        HEAD
        + """
from joblib import Parallel, delayed

if __name__ == "__main__":
    codec = Codec("tiny.fovea", threads=1)
    for backend in ("loky", "multiprocessing", "threading"):
        files = Parallel(n_jobs=2, backend=backend)(delayed(codec.encode)(image, quality) for quality in (10, 60))
        print(files == [codec.encode(image, 10), codec.encode(image, 60)])
"""
    )
    assert printed.split() == ["True"] * 3


@pytest.mark.parametrize(("method", "rounds"), [("fork", 2), ("spawn", 1)])
def test_workers_of_a_data_loader(program, method, rounds):
    pytest.importorskip("torch")
    printed = program(
        HEAD
        + f"""
from torch.utils.data import DataLoader, Dataset

class Files(Dataset):
    def __init__(self, codec):
        self.codec, self.files = codec, [codec.encode(image, quality) for quality in range(0, 101, 20)]
    def __len__(self):
        return len(self.files)
    def __getitem__(self, number):
        return self.codec.decode(self.files[number])

if __name__ == "__main__":
    files = Files(Codec("tiny.fovea", threads=1))
    expected = np.stack([files[number] for number in range(len(files))])
    for _ in range({rounds}):
        loader = DataLoader(files, batch_size=3, num_workers=2, multiprocessing_context="{method}")
        print(np.array_equal(np.concatenate([batch.numpy() for batch in loader]), expected))
"""
    )
    assert printed.split() == ["True"] * rounds


def test_gunicorn_that_loads_the_codec_before_it_forks(tmp_path):
    pytest.importorskip("gunicorn")
    shutil.copy(MODEL, tmp_path / "tiny.fovea")
    (tmp_path / "service.py").write_text(
        HEAD
        + """
codec = Codec("tiny.fovea", threads=2)
codec.encode(image)

def application(environ, start):
    data = codec.encode(image, int(environ["QUERY_STRING"] or 50))
    start("200 OK", [("Content-Length", str(len(data)))])
    return [data]
"""
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--preload", "--workers", "2", "--threads", "2", "--max-requests", "3", "--log-level", "error"]
    command = [sys.executable, "-m", "gunicorn", *options, "--bind", f"127.0.0.1:{port}", "service:application"]
    server = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        answers = [_answer(f"http://127.0.0.1:{port}/?{quality}", server) for quality in [10, 90] * 6]
        server.send_signal(signal.SIGTERM)
        errors = server.communicate(timeout=30)[1]
    finally:
        server.kill()
    assert server.returncode == 0 and not errors
    assert len(set(answers[::2])) == len(set(answers[1::2])) == 1 and answers[0] != answers[1]


def _answer(address: str, server: subprocess.Popen[str]) -> bytes:
    """Return the response of the service as soon as it is ready. Its workers are replaced in the meantime."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert server.poll() is None
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                return answer.read()
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)
