"""Every engine decodes the same integers, no matter which engine encoded them."""

import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator

from fovea.bitstream import Box, TileGrid
from fovea.coding import PictureDecoder, PictureEncoder, PriorNetworks, Region
from fovea.coding.decoder import LatentDecoder
from fovea.engine import available_cores, create_engine, engine_names
from fovea.errors import ArgumentError, EngineError
from fovea.networks import step_modules
from fovea.parallel import checked

SETTINGS = [
    ("onnxruntime", "fp32", 1),
    ("onnxruntime", "fp32", 2),
    ("openvino", "fp32", 1),
    ("openvino", "fp32", 2),
    ("openvino", "bf16", 2),
    ("torch", "fp32", 1),
    ("torch", "fp32", 2),
]


class TorchEngine:
    """The reference: the trained networks, run by torch."""

    name = "torch"

    def __init__(self, network, model, threads: int) -> None:
        self.precision, self.threads = "fp32", threads
        self._modules = {model.graphs[name]: module for name, (module, _) in step_modules(network).items()}

    def load(self, graph: bytes, exact: bool = False):
        module = self._modules[graph]

        def run(*inputs):
            torch.set_num_threads(self.threads)
            with torch.no_grad():
                outputs = module(*(torch.from_numpy(np.array(value)) for value in inputs))
            return tuple(out.numpy() for out in (outputs if isinstance(outputs, tuple) else (outputs,)))

        return run


@pytest.fixture(scope="module", params=["finding", "controlled"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def model(kind, request):
    model = request.getfixturevalue(f"{kind}_model")
    # The finder of the tests is no network of torch.
    return replace(model, region=Region.GIVEN) if model.backgrounds else model


@pytest.fixture(scope="module")
def engines(kind, model, request):
    def make(name, precision, threads):
        if name == "torch":
            return TorchEngine(request.getfixturevalue(f"{kind}_network"), model, threads)
        if name not in engine_names():
            pytest.skip(f"{name} is not installed")
        return create_engine(name, precision, threads)

    return {setting: make(*setting) for setting in SETTINGS}


@pytest.fixture(scope="module")
def picture():
    random = np.random.default_rng(0)
    y, x = np.mgrid[:96, :144]
    smooth = np.stack([x * 1.5, y * 2.5, x + y], axis=2)
    return np.clip(smooth + random.normal(0, 20, smooth.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def priors(engines, model):
    return {setting: PriorNetworks(model, engine) for setting, engine in engines.items()}


GRID = TileGrid(144, 96, 128)


@pytest.fixture(scope="module")
def files(engines, priors, model, picture):
    """The tiles that each engine writes."""
    return {
        setting: PictureEncoder(model, engine, priors[setting]).encode(picture, GRID, model.controls(70)).tiles
        for setting, engine in engines.items()
    }


@pytest.fixture(scope="module")
def read(engines, priors, files, model):
    """Returns what an engine decodes from the tiles of another one: the integers of each, and all pixels."""

    class Recording(LatentDecoder):
        def reconstruct(self, residual, prior):
            popped.append(residual)
            return super().reconstruct(residual, prior)

    whole = Box(0, 0, GRID.width, GRID.height)
    integers = {setting: Recording(model, prior) for setting, prior in priors.items()}
    pixels = {setting: PictureDecoder(model, engine, priors[setting]) for setting, engine in engines.items()}
    popped = []

    @cache
    def read(writer, reader):
        popped.clear()
        for tile, box in enumerate(GRID):
            integers[reader].decode(files[writer][tile], -(-box.height // 16), -(-box.width // 16), model.controls(70))
        return list(popped), pixels[reader].decode(files[writer].__getitem__, GRID, model.controls(70), whole)

    return read


@pytest.mark.parametrize(("writer", "reader"), list(product(SETTINGS, SETTINGS)))
def test_every_engine_decodes_the_files_of_every_engine(writer, reader, read):
    symbols, pixels = read(writer, reader)
    expected_symbols, expected_pixels = read(writer, ("torch", "fp32", 1))
    assert len(symbols) == len(list(GRID))
    assert all(np.array_equal(*pair) for pair in zip(symbols, expected_symbols, strict=True))
    if reader[1] == "fp32":
        assert np.abs(pixels.astype(int) - expected_pixels).max() <= 1


def _extremes(channels):
    random = np.random.default_rng(1)
    shape = (1, channels, 5, 7)
    yield from (np.full(shape, value, np.float32) for value in (-63, 0, 63))
    yield np.where(random.random(shape) < 0.5, -63, 63).astype(np.float32)
    yield from (random.integers(-63, 64, shape).astype(np.float32) for _ in range(4))


@pytest.mark.parametrize("quality", [0, 37, 100])
def test_integer_network_gives_the_same_integers_on_every_engine(quality, engines, model):
    graph = model.graphs["scales"]
    reference = ReferenceEvaluator(onnx.load_from_string(graph))
    names = [value.name for value in onnx.load_from_string(graph).graph.input]
    controls = model.controls(quality).as_input()
    networks = {setting: engine.load(graph, exact=True) for setting, engine in engines.items()}
    for z in _extremes(model.hyper):
        (expected,) = reference.run(None, dict(zip(names, (z, controls), strict=True)))
        for setting, network in networks.items():
            (index,) = network(z, controls)
            assert index.dtype == np.uint8
            assert np.array_equal(index, expected), setting


@pytest.mark.parametrize("setting", [setting for setting in SETTINGS if setting[0] != "torch"])
def test_a_run_begins_with_a_checkpoint(setting, engines, model):
    network = engines[setting].load(model.graphs["scales"], exact=True)
    z, controls = next(_extremes(model.hyper)), model.controls(50).as_input()
    stops = iter([False, True])

    def check():
        if next(stops):
            raise KeyError("stopped")

    with checked(check):
        network(z, controls)
        with pytest.raises(KeyError, match="stopped"):
            network(z, controls)


def test_integer_network_uses_only_exact_operations(model):
    graph = onnx.load_from_string(model.graphs["scales"]).graph
    kernels = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Conv":
            shape = kernels.get(node.input[1]) or kernels[node.input[1] + "_half"]
            assert shape[2:] == (1, 1) or shape[1] == 1, "a runtime may use Winograd for dense 3x3, which is not exact"


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_no_more_threads_than_cores(name):
    if name not in engine_names():
        pytest.skip(f"{name} is not installed")
    assert create_engine(name, threads=10_000).threads == available_cores()
    with pytest.raises(ArgumentError, match="on 0 threads"):
        create_engine(name, threads=0)


def test_a_signal_during_the_import_of_a_runtime_is_not_reported_as_a_missing_package(monkeypatch):
    from fovea.engine import base

    def interrupted(_name):
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr(base, "import_module", interrupted)
    with pytest.raises(KeyboardInterrupt):
        create_engine()


@pytest.mark.parametrize(("capabilities", "precision"), [(["FP32", "BF16"], "bf16"), (["FP32"], "f32")])
def test_openvino_takes_the_fastest_precision_of_the_processor(capabilities, precision, model, monkeypatch):
    openvino = pytest.importorskip("openvino")
    compiled = []

    class Core(openvino.Core):
        def get_property(self, device, name):
            return capabilities if name == "OPTIMIZATION_CAPABILITIES" else super().get_property(device, name)

        def compile_model(self, network, device, settings):
            compiled.append(settings["INFERENCE_PRECISION_HINT"])
            return super().compile_model(network, device, settings)

    monkeypatch.setattr(openvino, "Core", Core)
    engine = create_engine("openvino", "auto")
    z = np.zeros((1, model.hyper, 2, 2), np.float32)
    for exact in (False, True):
        engine.load(model.graphs["means"], exact)(z, model.controls(50).as_input())
    assert compiled == [precision, "f32"]


def test_onnx_runtime_has_one_precision():
    assert create_engine("onnxruntime", "auto").precision == "fp32"


def test_unknown_engines_and_precisions_are_refused():
    with pytest.raises(ArgumentError, match="unknown engine 'abacus'"):
        create_engine("abacus")
    with pytest.raises(EngineError, match="precision 'int1'"):
        create_engine("onnxruntime", "int1")


@pytest.mark.parametrize(
    ("cores", "threads", "at_once", "streams"),
    [(2, 1, None, 2), (2, 2, None, 1), (8, 3, None, 2), (1, 4, None, 1), (2, 1, 1, 1), (8, 3, 1, 1)],
)
def test_openvino_has_streams_for_calls_at_the_same_time(cores, threads, at_once, streams, model, monkeypatch):
    pytest.importorskip("openvino")
    from fovea.engine import base

    monkeypatch.setattr(base, "available_cores", lambda: cores)
    engine = create_engine("openvino", threads=threads, at_once=at_once)
    compiled = []
    core = engine._core.get()
    compile_model = core.compile_model

    def recording(*arguments):
        compiled.append((arguments[-1], compile_model(*arguments)))
        return compiled[-1][1]

    monkeypatch.setattr(core, "compile_model", recording)
    z = np.zeros((1, model.hyper, 2, 2), np.float32)
    engine.load(model.graphs["means"])(z, model.controls(50).as_input())
    ((settings, network),) = compiled
    assert (settings["NUM_STREAMS"], settings["INFERENCE_NUM_THREADS"]) == (streams, streams * min(threads, cores))
    if cores <= available_cores():  # OpenVINO has no more streams than cores
        assert network.get_property("NUM_STREAMS") == streams
        assert network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") == streams


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_broken_networks_raise_an_engine_error(name):
    if name not in engine_names():
        pytest.skip(f"{name} is not installed")
    with pytest.raises(EngineError, match="cannot open the network"):
        create_engine(name).load(b"no network")()


@pytest.mark.parametrize(("setting", "expected"), [(None, "1"), ("0", "0")])
def test_onnx_runtime_sends_no_reports_unless_the_user_allows_it(setting, expected, monkeypatch):
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    if setting is not None:
        monkeypatch.setenv("ORT_DISABLE_TELEMETRY", setting)
    code = "import os; from fovea import Codec; Codec(); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected


def test_first_calls_of_many_threads_do_not_deadlock():
    """OpenVINO prepares its table of NumPy types at the first call, which only one thread must make."""
    if "openvino" not in engine_names():
        pytest.skip("openvino is not installed")
    code = """
import sys, threading
import fovea.engine
fovea.engine.create_engine("openvino")
import openvino
sys.setswitchinterval(1e-6)
together = threading.Barrier(8)
def first():
    together.wait()
    openvino.Type.f32.to_dtype()
threads = [threading.Thread(target=first) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
