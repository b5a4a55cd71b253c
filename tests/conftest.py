"""Fixtures that all tests share."""

import json
import os
import signal
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache, lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from PIL import Image

if TYPE_CHECKING:
    from fovea.coding import Model
    from fovea.networks import CodecNetwork

# A shell that runs the tests in the background lets them ignore Ctrl-C, and with them all commands that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Likewise nohup with a terminal that is closed.
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Networks as small as those of the tests gain nothing from threads, which would take the cores from tests that run
# beside. Torch and numpy see this as long as they are not imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Where pytest collects the doctests of a module before anything imports the package, it loads the module and those
# around it twice. Tests would then replace names in one copy, and the package would use the other.
import fovea  # noqa: F401

# The speed of a machine decides no test.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

ROOT = Path(__file__).resolve().parents[1]

# What the gate for coverage leaves out: the tests of other code than the core, and those that only read files or start
# processes. Measuring doubles the time of tests in pure Python.
UNMEASURED = [
    "benchmarks/*",
    "docs/*",
    "programs/*",
    "test_dependencies.py",
    "test_layers.py",
    *tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]["omit"],
]


@contextmanager
def _not_measured() -> Iterator[None]:
    """Turn off the measurement of coverage, with which torch takes half as long again. A debugger stays on."""
    tracer, in_threads = sys.gettrace(), threading.gettrace()
    if not type(tracer).__module__.startswith("coverage"):
        yield
        return
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        threading.settrace(in_threads)
        sys.settrace(tracer)


class _FailuresAtOnce:
    """Prints why a test failed as soon as it has. A run that is ended before its summary has told it then."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write_line(f"\n{report.nodeid}, {report.when}:\n{report.longreprtext}")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Print failures at once where there is a terminal, which is not in the processes that run tests side by side."""
    if terminal := config.pluginmanager.get_plugin("terminalreporter"):
        config.pluginmanager.register(_FailuresAtOnce(terminal))


def pytest_collection() -> None:
    """Import what is large before coverage is measured, which doubles the time of an import."""
    if type(sys.gettrace()).__module__.startswith("coverage"):
        with _not_measured():
            for name in ("lightning", "datasets", "supervision", "ray.data", "zarr", "fastapi", "scipy", "matplotlib"):
                with suppress(ImportError):
                    import_module(name)


# Modules with few tests that each take long. Processes get modules with many tests first, unless these come before.
LONG = ("tests/integrations/test_ray.py", "tests/training/", "tests/cli/test_train.py", "tests/benchmarks/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take longest, so that all processes end at about the same time."""
    items.sort(key=lambda item: not item.path.relative_to(ROOT).as_posix().startswith(LONG))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure the coverage of the core by its own tests alone."""
    if not _is_unmeasured(item.path.relative_to(ROOT).as_posix()):
        return (yield)
    with _not_measured():
        return (yield)


def _is_unmeasured(path: str) -> bool:
    """Whether the gate for coverage leaves out the package of a test or a doctest."""
    source = path.removeprefix("tests/")
    return any(fnmatch(name, pattern) for name in (source, f"src/fovea/{source}") for pattern in UNMEASURED)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of shared data sets and recognition models; tests that need it are skipped elsewhere."""
    folder = Path(os.environ.get("FOVEA_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the shared data sets in {folder} (set FOVEA_SHARED)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _open_networks() -> Iterator[None]:
    """Networks stay in memory from test to test, and ready to run: to read and open one takes much longer than to run
    it on a small image."""
    from fovea.engine.onnx_runtime import OnnxRuntimeEngine, Session

    read = zipfile.ZipFile.read

    @lru_cache(128)
    def network(path: str, changed: int, name: str) -> bytes:
        with zipfile.ZipFile(path) as archive:
            return read(archive, name)

    def read_once(archive: zipfile.ZipFile, name: str, pwd: bytes | None = None) -> bytes:
        if archive.filename and name.endswith(".onnx"):
            return network(archive.filename, Path(archive.filename).stat().st_mtime_ns, name)
        return read(archive, name, pwd)

    opened = lru_cache(128)(Session)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "read", read_once)
        patch.setattr(OnnxRuntimeEngine, "load", lambda self, graph, exact=False: opened(graph, self.threads))
        yield


@pytest.fixture(scope="session")
def quick_exports() -> Iterator[None]:
    """Exports of networks are not measured, and list the operators of ONNX once instead of once for each graph."""
    torch = pytest.importorskip("torch")
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    export = torch.onnx.export

    def quick(*arguments: object, **options: object) -> object:
        with _not_measured():
            return export(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib)))
        patch.setattr(torch.onnx, "export", quick)
        yield


def _network(**parts: object) -> "CodecNetwork":
    torch = pytest.importorskip("torch")
    from fovea.networks import CodecNetwork, NetworkConfig, round_weights

    torch.manual_seed(1)
    config = NetworkConfig(wide=16, wide_blocks=2, deep=24, deep_blocks=1, latent=16, hyper=8, prior=16, **parts)
    network = CodecNetwork(config).eval()
    with torch.no_grad():
        # Spread the table indices, so that some positions are skipped and some have long tables.
        network.scales.head.bias.anchors += 6 * torch.randn(16)
        network.analysis.head.weight *= 3
        (network.means.region if config.mean_steps == 2 else network.means.region[0]).weight.mul_(30)  # varied steps
    round_weights(network)
    return network


@pytest.fixture(scope="session")
def finding_network() -> "CodecNetwork":
    """A codec network with random weights that looks for objects. Its sizes are those of :func:`finding_model`."""
    return _network(objectness=8)


@pytest.fixture(scope="session")
def controlled_network() -> "CodecNetwork":
    """Likewise, with a control of the background and means in four steps, as :func:`controlled_model` has them."""
    return _network(mean_steps=4, background=True)


def _golden(name: str) -> "Model":
    """Return a model with networks in memory, so that its id follows a change of any of its parts."""
    from fovea.store import open_model

    model = open_model(ROOT / "tests" / "golden" / f"{name}.fovea")
    return replace(model, graphs=dict(model.graphs), stored_id=None)


@pytest.fixture(scope="session")
def tiny_model() -> "Model":
    """A model with random weights, which takes no time."""
    return replace(_golden("golden"), name="tiny")


@pytest.fixture(scope="session")
def finding_model() -> "Model":
    """Likewise, with an encoder that looks for objects; its steps differ between positions."""
    return _golden("finding")


@pytest.fixture(scope="session")
def controlled_model() -> "Model":
    """Likewise, with a control of the background, means in four steps, and a finder that finds what is bright."""
    return _golden("controlled")


@pytest.fixture(scope="session")
def searching_model(tiny_model: "Model", finding_model: "Model", controlled_model: "Model") -> "Model":
    """The :func:`finding_model` with a finder in the place of what its encoder finds: the same decoder."""
    from fovea.coding import Region

    encoder = {"analysis": tiny_model.graphs["analysis"], "finder": controlled_model.graphs["finder"]}
    return replace(finding_model, name="searching", graphs={**finding_model.graphs, **encoder}, region=Region.SEARCHED)


@pytest.fixture(scope="session")
def guided() -> Path:
    """File of a model that takes a map of the region of interest, and quantizes more coarsely outside it."""
    return ROOT / "src" / "fovea" / "weights" / "fovea-s-roi.fovea"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a server of the files in ``tmp_path``."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def checkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a recognizer that sees checkerboards."""
    pytest.importorskip("onnx")
    from .checkerboards import save_recognizer

    return save_recognizer(tmp_path_factory.mktemp("recognizer") / "checkers.onnx")


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Writes a data set of so many images with checkerboards, with boxes only or with masks."""
    from .checkerboards import save_dataset

    return lambda images, masks=False: save_dataset(tmp_path / "data", images, masks=masks)


@pytest.fixture(scope="session")
def in_this_process() -> Callable[[], AbstractContextManager[None]]:
    """Draws patches in this process: to start others takes longer than the trainings of the tests."""
    loader = pytest.importorskip("torch.utils.data").DataLoader
    of_workers = {"num_workers", "prefetch_factor", "persistent_workers", "multiprocessing_context"}

    @contextmanager
    def draw_here() -> Iterator[None]:
        begin = loader.__init__

        def begin_here(self: object, *arguments: object, **options: object) -> None:
            begin(self, *arguments, **{name: value for name, value in options.items() if name not in of_workers})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loader, "__init__", begin_here)
            yield

    return draw_here


@pytest.fixture
def coco_json(tmp_path: Path) -> Path:
    """Three images in ``set/`` beside ``set.json``: two categories, boxes, a polygon and a crowd."""
    folder = tmp_path / "set"
    folder.mkdir()
    images = []
    for number, (width, height) in enumerate([(64, 48), (40, 60), (50, 50)], 1):
        Image.new("RGB", (width, height), (number * 40, 100, 50)).save(folder / f"{number}.png")
        images.append({"id": number * 10, "file_name": f"{number}.png", "width": width, "height": height})
    annotations = [
        {"id": 7, "image_id": 10, "category_id": 1, "bbox": [4, 4, 20, 20], "area": 400, "iscrowd": 0},
        {"id": 8, "image_id": 10, "category_id": 3, "bbox": [30, 10, 30, 30], "segmentation": []},
        {
            "id": 9,
            "image_id": 20,
            "category_id": 3,
            "bbox": [5, 5, 10, 10],
            "area": 100,
            "segmentation": [[5, 5, 15, 5, 15, 15, 5, 15]],
        },
        {"id": 10, "image_id": 20, "category_id": 1, "bbox": [0, 30, 40, 30], "area": 1200, "iscrowd": 1},
    ]
    categories = [{"id": 1, "name": "person"}, {"id": 3, "name": "car"}]
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path
