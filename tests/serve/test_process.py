"""The command itself, as a process on loopback."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

import httpx
import pytest
from click.testing import CliRunner

from fovea.cli import main
from fovea.serve import Limits

from .conftest import TOKEN, png, until

pytest.importorskip("resource", reason="needs a POSIX system")


class Process:
    """The command while it serves: its address, and the lines of its log."""

    def __init__(self, *options, **environment):
        command = [sys.executable, "-m", "fovea", "serve", "--port", "0", "--model", "fovea-s", *map(str, options)]
        environment = {**os.environ, "FOVEA_TOKEN": "", **environment}
        self.process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.lines = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        until(lambda: self.address or self.process.poll() is not None, 60)

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    @property
    def address(self):
        found = re.search(r"http://127\.0\.0\.1:\d+", "\n".join(self.lines))
        return found and found[0]

    def end(self):
        self.process.wait(60)
        self.reader.join()
        self.process.stderr.close()
        return self.process.returncode


@contextmanager
def command(*options, **environment):
    running = Process(*options, **environment)
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)  # the command and its processes, if a test has failed
        running.end()


def test_sigterm_finishes_what_runs(tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with command("--jobs", "1", "--token-file", file) as running:
        assert httpx.get(f"{running.address}/v1/models").status_code == 401
        answers = []
        large = png(1000, 700)
        address = f"{running.address}/v1/encode"

        def call():
            answers.append(httpx.post(address, content=large, headers=headers, timeout=60))

        caller = threading.Thread(target=call)
        caller.start()
        until(lambda: "fovea_coding 1.0" in httpx.get(f"{running.address}/metrics").text)
        running.process.send_signal(signal.SIGTERM)
        caller.join()
        assert answers[0].status_code == 200 and len(answers[0].content) > 100
        assert running.end() == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{running.address}/healthz")
        lines = [json.loads(line) for line in running.lines]
        (request,) = [line for line in lines if line.get("route") == "/v1/encode"]
        assert TOKEN not in "".join(running.lines)
        assert {key: request[key] for key in ("method", "status", "bytes_in", "bytes_out", "pixels", "model")} == {
            "method": "POST",
            "status": 200,
            "bytes_in": len(large),
            "bytes_out": len(answers[0].content),
            "pixels": 700_000,
            "model": "fovea-s",
        }
        assert request["milliseconds"] > 0
        assert request["request_id"] == answers[0].headers["x-request-id"]


def test_several_processes_share_port_and_metrics():
    with command("--workers", "2", FOVEA_TOKEN=TOKEN) as running:
        assert httpx.get(f"{running.address}/healthz", timeout=60).status_code == 200  # waits for the first process
        headers = {"Authorization": f"Bearer {TOKEN}"}
        until(lambda: sum("Application startup complete" in line for line in running.lines) == 2, 60)
        with httpx.Client(base_url=running.address, timeout=60) as client:
            assert client.get("/v1/models").status_code == 401
            for _ in range(6):
                answer = httpx.post(f"{running.address}/v1/encode", content=png(), headers=headers, timeout=60)
                assert answer.status_code == 200
            until(lambda: 'fovea_requests_total{route="/v1/encode",status="200"} 6.0' in client.get("/metrics").text)
            assert "fovea_requests_in_flight" in client.get("/metrics").text
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--host", "0.0.0.0"), 1, "without a token the service listens on this machine alone"),
        (("--token-file", "no-such-file"), 1, "no-such-file: the token cannot be read"),
        (("--model", "nothing", "--workers", "2"), 1, "unknown model 'nothing'"),
        (("--model", "nothing"), 1, "unknown model 'nothing'"),
        (("--engine", "nothing"), 1, "unknown engine 'nothing'"),
        (("--port", "99999"), 2, "99999"),
    ],
)
def test_what_cannot_be_served_is_told_in_a_line(options, code, told):
    done = CliRunner(env={"FOVEA_TOKEN": ""}).invoke(main, ["serve", *options])
    assert done.exit_code == code
    assert done.output.count("\n") == 1 and told in done.output


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_token_is_refused(tmp_path, content):
    file = tmp_path / "token"
    file.write_bytes(content)
    done = CliRunner().invoke(main, ["serve", "--token-file", str(file)])
    assert done.exit_code == 1 and str(file) in done.output


def test_the_limits_of_the_command_are_those_of_the_service():
    limits = Limits()
    options = {option.name: option.default for option in main.commands["serve"].params}
    assert options["max_body"] == limits.body_bytes
    assert options["max_pixels"] == limits.pixels
    assert options["timeout"] == limits.seconds
    assert options["upload_timeout"] == limits.upload_seconds
    assert options["queue"] == limits.queue
    assert options["max_connections"] == limits.connections


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken, command("--port", taken.getsockname()[1]) as running:
        assert running.end() != 0
        assert "address already in use" in "\n".join(running.lines)
