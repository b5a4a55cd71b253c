"""The metrics that several processes share."""

import os
import sys

import pytest

pytest.importorskip("prometheus_client")

from fovea.serve.metrics import FOLDER, forget_ended_processes


@pytest.fixture
def gauge(tmp_path, monkeypatch):
    """The file of a gauge of another process."""
    monkeypatch.setenv(FOLDER, str(tmp_path))
    path = tmp_path / "gauge_livesum_4242.db"
    path.touch()
    return path


@pytest.mark.parametrize(
    ("error", "ended"), [(None, False), (ProcessLookupError, True), (PermissionError, True)], ids=str
)
def test_gauges_of_ended_processes_are_removed(gauge, monkeypatch, error, ended):
    def kill(number, signal):
        assert (number, signal) == (4242, 0)
        if error:
            raise error

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "kill", kill)
    forget_ended_processes()
    assert gauge.exists() is not ended


def test_no_process_gets_a_signal_on_windows(gauge, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("os.kill is not called"))
    forget_ended_processes()
