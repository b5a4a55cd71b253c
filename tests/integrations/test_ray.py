"""Jobs and pipelines on a real Ray: two nodes on this machine, of one core each, and one that a job starts itself."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

pytest.importorskip("ray.data")
import psutil
import pyarrow.parquet as pq
import ray
import s3fs
from ray.cluster_utils import Cluster

from fovea.cli import main
from fovea.codec import Codec
from fovea.integrations.ray import Decoder, Encoder

from ..object_store import s3  # noqa: F401  # a fixture

_MODEL = Path(__file__).parents[1] / "golden" / "golden.fovea"
_NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}
_PICTURES = 24


def _file(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (60, 80, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((160, 120)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def cluster():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        nodes = Cluster(initialize_head=True, head_node_args=_NODE | {"include_dashboard": False})
        nodes.add_node(**_NODE)
        yield nodes
        ray.shutdown()
        nodes.shutdown()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for number in range(_PICTURES):
        (folder / ("below" if number % 2 else "") / f"{number}.png").write_bytes(_file(number))
    return folder


def _encode(photos: Path, out: Path, *options: str):
    # A target takes several encodings of each picture, and the time to interrupt them.
    command = ["encode", str(photos), str(out), "-m", str(_MODEL), "--target-size", "1500"]
    return CliRunner().invoke(main, [*command, *options])


def _rows(out: Path):
    return pq.read_table(out / "manifest.parquet").to_pylist()


def _check(out: Path) -> None:
    rows = _rows(out)
    assert set(Counter(row["path"] for row in rows).values()) == {1}
    good = {Path(row["path"]).with_suffix(".fov"): row["sha256"] for row in rows if row["error"] is None}
    assert len(good) == _PICTURES
    assert good == {path.relative_to(out): hashlib.sha256(path.read_bytes()).hexdigest() for path in out.rglob("*.fov")}


class _Later:
    """Calls a function in a thread as soon as there are a few encoded files, and notes how many there were."""

    def __init__(self, out: Path, call) -> None:
        self._out, self._call = out, call
        self.done = _PICTURES
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        end = time.monotonic() + 60
        while len(list(self._out.rglob("*.fov"))) < 3 and time.monotonic() < end:
            time.sleep(0.01)
        self._call()
        self.done = len(list(self._out.rglob("*.fov")))

    def __enter__(self) -> "_Later":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()


def _kill_worker() -> None:
    workers = [
        process for process in psutil.Process().children(recursive=True) if process.name().startswith("ray::MapWorker")
    ]
    os.kill(workers[0].pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_job_survives_a_killed_worker_and_a_bad_file_and_goes_on(cluster, photos, tmp_path):
    (photos / "below/bad.jpg").write_bytes(b"no image")
    out = tmp_path / "out"
    with _Later(out, _kill_worker) as killed:
        result = _encode(photos, out, "--ray", cluster.address)
    assert killed.done < _PICTURES
    assert result.exit_code == 1
    assert "fovea: below/bad.jpg: no image of a format that Pillow decodes\n" in result.stderr
    assert f"\n{_PICTURES} images: " in result.stderr
    _check(out)
    (photos / "below/bad.jpg").unlink()
    again = _encode(photos, out, "--manifest", str(out / "manifest.parquet"))  # without a cluster
    assert (again.exit_code, again.stderr) == (0, f"{_PICTURES} were done before\n")


def test_a_pipeline_of_ones_own(cluster, tmp_path):
    ray.init(cluster.address, log_to_driver=False)
    for name, content in {"a.png": _file(0), "bad.png": b"no image", "c.png": _file(1)}.items():
        (tmp_path / name).write_bytes(content)
    files = ray.data.read_binary_files(str(tmp_path), include_paths=True)
    settings = {"model": str(_MODEL), "quality": 40}
    coded = files.map_batches(Encoder, fn_constructor_kwargs=settings, concurrency=1, batch_size=2)
    coded.write_parquet(str(tmp_path / "coded"))
    stored = ray.data.read_parquet(str(tmp_path / "coded"))
    rows = {Path(row["path"]).name: row for row in stored.take_all()}
    assert rows["bad.png"]["fov"] is None and rows["bad.png"]["error"] == "no image of a format that Pillow decodes"
    codec = Codec(_MODEL)
    assert rows["c.png"]["fov"] == codec.encode(Image.open(tmp_path / "c.png"), 40) and rows["c.png"]["error"] is None
    decoded = stored.map_batches(Decoder, fn_constructor_kwargs={"model": str(_MODEL)}, concurrency=1)
    images = {Path(row["path"]).name: row["image"] for row in decoded.take_all()}
    assert images["bad.png"] is None
    assert np.array_equal(images["c.png"], codec.decode(rows["c.png"]["fov"]))
    ray.shutdown()


def test_a_job_survives_the_loss_of_a_node(cluster, photos, tmp_path):
    out = tmp_path / "out"
    lost = next(node for node in cluster.list_all_nodes() if node is not cluster.head_node)
    with _Later(out, lambda: cluster.remove_node(lost, allow_graceful=False)) as removed:
        result = _encode(photos, out, "--ray", cluster.address)
    assert removed.done < _PICTURES
    assert result.exit_code == 0
    _check(out)


def test_a_job_starts_a_ray_of_its_own_and_writes_to_a_store(photos, s3):  # noqa: F811
    command = [sys.executable, "-m", "fovea", "encode", str(photos), f"{s3}/own", "-q", "30"]
    command += ["-m", str(_MODEL), "-j", "2", "--ray"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"{_PICTURES} images: ")
    files = s3fs.S3FileSystem(use_listings_cache=False)
    assert len(files.glob("bucket/own/**/*.fov")) == _PICTURES
    assert len(pq.read_table("bucket/own/manifest.parquet", filesystem=files)) == _PICTURES


def test_a_cluster_that_does_not_answer_is_an_error(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(ray, "init", lambda *_, **__: (_ for _ in ()).throw(ConnectionError("nobody there")))
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    result = _encode(photos, tmp_path / "out", "--ray", "127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr == "fovea: 127.0.0.1:9: the cluster does not answer: nobody there\n"
