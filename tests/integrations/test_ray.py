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
from ray.cluster_utils import Cluster

from fovea.cli import main
from fovea.codec import Codec
from fovea.integrations.ray import Decoder, Encoder

_MODEL = Path(__file__).parents[1] / "golden" / "golden.fovea"
_NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}
_PICTURES = 40


def _file(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (60, 80, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((320, 240)).save(file, "PNG")
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
    command = ["encode", str(photos), str(out), "-m", str(_MODEL), "--target-size", "2000"]
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
    assert _encode(photos, out, "--ray", cluster.address).stderr == f"{_PICTURES} were done before\n"


def test_a_pipeline_of_ones_own(cluster):
    ray.init(cluster.address, log_to_driver=False)
    files = [_file(0), b"no image", _file(1)]
    images = ray.data.from_items([{"bytes": content, "label": number} for number, content in enumerate(files)])
    settings = {"fn_constructor_kwargs": {"model": str(_MODEL), "quality": 40}, "batch_size": 2}
    coded = images.map_batches(Encoder, concurrency=1, num_cpus=1, **settings).materialize()
    rows = {row["label"]: row for row in coded.take_all()}
    assert rows[1]["fov"] is None and rows[1]["error"] == "no image of a format that Pillow decodes"
    codec = Codec(_MODEL)
    assert rows[2]["fov"] == codec.encode(Image.open(io.BytesIO(files[2])), 40) and rows[2]["error"] is None
    good = coded.filter(lambda row: row["error"] is None)
    decoded = good.map_batches(Decoder, concurrency=1, num_cpus=1, fn_constructor_kwargs={"model": str(_MODEL)})
    images = {row["label"]: row["image"] for row in decoded.take_all()}
    assert images.keys() == {0, 2}
    assert np.array_equal(images[2], codec.decode(rows[2]["fov"]))
    ray.shutdown()


def test_a_job_survives_the_loss_of_a_node(cluster, photos, tmp_path):
    out = tmp_path / "out"
    lost = next(node for node in cluster.list_all_nodes() if node is not cluster.head_node)
    with _Later(out, lambda: cluster.remove_node(lost, allow_graceful=False)) as removed:
        result = _encode(photos, out, "--ray", cluster.address)
    assert removed.done < _PICTURES
    assert result.exit_code == 0
    _check(out)


def test_a_job_starts_a_ray_of_its_own_and_ends_it(photos, tmp_path):
    command = [sys.executable, "-m", "fovea", "encode", str(photos), str(tmp_path / "out"), "-q", "30"]
    command += ["-m", str(_MODEL), "--manifest", str(tmp_path / "m.parquet"), "-j", "2", "--ray"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"{_PICTURES} images: ") and done.stderr.count("\n") == 1
    assert len(pq.read_table(tmp_path / "m.parquet")) == _PICTURES


def test_a_cluster_that_does_not_answer_is_an_error(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(ray, "init", lambda *_, **__: (_ for _ in ()).throw(ConnectionError("nobody there")))
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    result = _encode(photos, tmp_path / "out", "--ray", "127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr == "fovea: 127.0.0.1:9: the cluster does not answer: nobody there\n"
