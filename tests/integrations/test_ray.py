"""Jobs and pipelines on a real Ray: two nodes on this machine, of one core each, and one that a job starts itself."""

import hashlib
import io
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

pytest.importorskip("ray.data")
import pyarrow.parquet as pq
import ray
import s3fs
from ray.cluster_utils import Cluster
from ray.exceptions import RayError

from fovea.cli import main
from fovea.codec import Codec
from fovea.errors import FoveaError
from fovea.integrations.ray import Decoder, Encoder, transfer_on_ray
from fovea.jobs import prepare
from fovea.settings import Settings

from ..object_store import s3  # noqa: F401  # a fixture

_MODEL = Path(__file__).parents[1] / "golden" / "golden.fovea"
_NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}
_PICTURES = 24


def _file(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (60, 80, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((160, 120)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module", autouse=True)
def _quiet_and_small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_enable_worker_prestart", "0")  # it would start processes that nothing uses
        yield


@pytest.fixture(scope="module")
def cluster(_quiet_and_small):
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


def _arguments(photos: Path, out: Path | str) -> list[str]:
    # A target takes several encodings of each picture, and the time to interrupt them.
    return ["encode", str(photos), str(out), "-m", str(_MODEL), "--target-size", "1500"]


def _encode(photos: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(main, [*_arguments(photos, out), *options])


def _check(out: Path) -> None:
    rows = pq.read_table(out / "manifest.parquet").to_pylist()
    assert set(Counter(row["path"] for row in rows).values()) == {1}
    good = {Path(row["path"]).with_suffix(".fov"): row["sha256"] for row in rows if row["error"] is None}
    assert len(good) == _PICTURES
    assert good == {path.relative_to(out): hashlib.sha256(path.read_bytes()).hexdigest() for path in out.rglob("*.fov")}


class _Later:
    """Calls a function in a thread as soon as there are a few encoded files, and counts those that are there then.

    Args:
        count: function that returns the number of encoded files.
        call: function to call.
    """

    def __init__(self, count: Callable[[], int], call: Callable[[], object]) -> None:
        self._count, self._call = count, call
        self.done = _PICTURES
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        end = time.monotonic() + 120
        while self._count() < 3 and time.monotonic() < end:
            time.sleep(0.05)  # each count in a store is work
        self._call()
        self.done = self._count()

    def __enter__(self) -> "_Later":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()


def test_a_pipeline_of_ones_own(cluster, tmp_path):
    ray.init(cluster.address, log_to_driver=False)
    for name, content in {"a.png": _file(0), "bad.png": b"no image", "c.png": _file(1)}.items():
        (tmp_path / name).write_bytes(content)
    # Read as a whole, because the two actors take both cores.
    files = ray.data.read_binary_files(str(tmp_path), include_paths=True).materialize()
    settings = {"model": str(_MODEL), "quality": 40}
    pool = ray.data.ActorPoolStrategy(size=1)
    coded = files.map_batches(Encoder, fn_constructor_kwargs=settings, compute=pool, batch_size=2)
    decoded = coded.map_batches(Decoder, fn_constructor_kwargs={"model": str(_MODEL)}, compute=pool)
    rows = {Path(row["path"]).name: row for row in decoded.take_all()}
    assert rows["bad.png"]["image"].shape == (0, 0, 3)
    assert rows["bad.png"]["error"] == "no image of a format that Pillow decodes"
    codec = Codec(_MODEL)
    for name in ("a.png", "c.png"):
        assert rows[name]["error"] == ""
        expected = codec.decode(codec.encode(Image.open(tmp_path / name), 40))
        assert np.array_equal(rows[name]["image"], expected)
    ray.shutdown()


def test_rows_that_are_null_have_an_error_and_the_others_are_done():
    settings = {"model": str(_MODEL), "quality": 40}
    for null in (None, float("nan")):  # what Ray gives for a null, and for one among nulls alone
        coded = Encoder(**settings)(
            {"bytes": np.array([_file(0), null], object), "error": np.array([null] * 2, object)}
        )
        assert list(coded["error"]) == ["", "no file: the column bytes is null"]
        decoded = Decoder(model=str(_MODEL))({"fov": np.array([null, coded["fov"][0]], object)})
        assert list(decoded["error"]) == ["no file: the column fov is null", ""]
        assert [image.shape for image in decoded["image"]] == [(0, 0, 3), (120, 160, 3)]


def test_a_node_with_another_model_is_an_error_before_anything_changes(cluster, photos, tmp_path):
    job = prepare(str(photos), str(tmp_path / "out"), Settings(str(_MODEL)))
    job.model_id = "00"
    with pytest.raises(FoveaError, match=r"^[0-9.]+: .* on this machine, and the job needs 00$"):
        list(transfer_on_ray(job, cluster.address, 1))
    assert not (tmp_path / "out").exists()


def test_a_job_survives_the_loss_of_a_node_and_a_bad_file_and_goes_on(cluster, photos, tmp_path, monkeypatch):
    """Its paths are relative to a folder that is not that of the cluster."""
    monkeypatch.chdir(tmp_path)
    (photos / "below/bad.jpg").write_bytes(b"no image")
    photos, out = Path("photos"), Path("out")
    lost = next(node for node in cluster.list_all_nodes() if node is not cluster.head_node)
    with _Later(
        lambda: len(list(out.rglob("*.fov"))), lambda: cluster.remove_node(lost, allow_graceful=False)
    ) as removed:
        result = _encode(photos, out, "--ray", cluster.address)
    assert removed.done < _PICTURES
    assert result.exit_code == 1
    assert "fovea: below/bad.jpg: no image of a format that Pillow decodes\n" in result.stderr
    assert f"\n{_PICTURES} images: " in result.stderr
    _check(out)
    (photos / "below/bad.jpg").unlink()
    again = _encode(photos, out, "--manifest", str(out / "manifest.parquet"))  # without a cluster
    assert (again.exit_code, again.stderr) == (0, f"{_PICTURES} done before\n")


_KILLED = """
import os, sys

def kill(event, arguments):
    if event == "open" and str(arguments[0]).endswith("killer.png"):
        with open(os.environ["DEATHS"], "a") as file:
            file.write("x")
        os.kill(os.getpid(), 9)

sys.addaudithook(kill)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_job_on_its_own_ray_writes_to_a_store_and_gives_up_what_kills_workers(photos, s3, tmp_path):  # noqa: F811
    """Each process that opens the image dies, as if it took too much memory. Its neighbors are encoded."""
    (photos / "below/killer.png").write_bytes(_file(99))
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(_KILLED)
    files = s3fs.S3FileSystem(use_listings_cache=False)
    paths = [str(tmp_path / "site"), *sys.path]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "DEATHS": str(tmp_path / "deaths")}
    command = [sys.executable, "-m", "fovea", *_arguments(photos, f"{s3}/own"), "-j", "2", "--ray"]
    job = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=environment, timeout=200)
    assert job.returncode == 1, job.stderr
    assert "below/killer.png: 3 workers died at this image" in job.stderr
    assert (tmp_path / "deaths").read_text() == "xxx"
    rows = pq.read_table("bucket/own/manifest.parquet", filesystem=files).to_pylist()
    assert len({row["path"] for row in rows}) == len(rows) == _PICTURES + 1
    assert [row["path"] for row in rows if row["error"]] == ["below/killer.png"]
    hashes = {hashlib.sha256(files.cat_file(name)).hexdigest() for name in files.glob("bucket/own/**/*.fov")}
    assert hashes == {row["sha256"] for row in rows if not row["error"]}


def test_a_cluster_that_does_not_answer_is_an_error(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(ray, "init", lambda *_, **__: (_ for _ in ()).throw(ConnectionError("nobody there")))
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    result = _encode(photos, tmp_path / "out", "--ray", "127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr == "fovea: 127.0.0.1:9: the cluster does not answer: nobody there\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            'The actor died:\n  File "x.py", line 7\n    y()\nfovea.errors.EngineError: no engine\n\n',
            "EngineError: no engine",
        ),
        ("The node died.\nIts address was 127.0.0.1.", "The node died."),
        ("", "RayError"),
    ],
)
def test_errors_of_ray_are_one_line(photos, tmp_path, monkeypatch, text, cause):
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray, "nodes", lambda: (_ for _ in ()).throw(RayError(text)))
    result = _encode(photos, tmp_path / "out", "--ray")
    assert result.exit_code == 1
    assert result.stderr == f"fovea: the workers of Ray cannot go on: {cause}\n"
