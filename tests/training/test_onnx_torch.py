"""Every operator, and whole networks, against ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from fovea.errors import RecognizerError
from fovea.training.losses.dead_leaves import dead_leaves
from fovea.training.onnx_torch import OnnxNetwork, read_onnx, stage_ends
from fovea.training.onnx_torch.fusing import fused

SHAPE = (1, 4, 9, 7)


def _random(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


CONSTANTS = {
    "kernel": _random(6, 2, 3, 3),
    "turned": _random(4, 3, 3, 3),
    "bias6": _random(6),
    "bias5": _random(5),
    "bias3": _random(3),
    "four": _random(4),
    "positive": np.abs(_random(4)) + 0.5,
    "columns": _random(7, 5),
    "tall": _random(4, 5),
    "wide": _random(5, 63),
    "2.0": np.float32(2),
    "1/6": np.float32(1 / 6).reshape(1, 1, 1, 1),
    "1/6 in half precision": np.float32(np.float16(1 / 6)),
    "0.0": np.float32(0),
    "3.0": np.float32(3),
    "6.0": np.float32(6),
    "low": np.float32(-0.5),
    "high": np.float32(0.7),
    "by 2": np.float32([1, 1, 2, 2]),
    "by some": np.float32([1, 1, 1.5, 0.6]),
    "to some": np.int64([1, 4, 20, 5]),
    "to one row": np.int64([1, 4, 1, 21]),
    "[1]": np.int64([1]),
    "[2]": np.int64([2]),
    "[-1]": np.int64([-1]),
    "[0, 2]": np.int64([0, 2]),
    "[2, 3]": np.int64([2, 3]),
    "[1, 3]": np.int64([1, 3]),
    "[max, -1]": np.int64([2**63 - 1, -1]),
    "[0, -1, 7]": np.int64([0, -1, 7]),
    "[1, 36, -1]": np.int64([1, 36, -1]),
}


def _node(operator, inputs=("x",), outputs=("y",), **attributes):
    return helper.make_node(operator, inputs, outputs, name=f"{operator} to {outputs[0]}", **attributes)


def _model(nodes, opset=13, shape=SHAPE, outputs=("y",)):
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in CONSTANTS.items() if name in used],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def _by_onnx_runtime(model, images):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    samples = [session.run(None, {session.get_inputs()[0].name: image[None]}) for image in images]
    return [torch.from_numpy(np.stack(parts)).squeeze(1) for parts in zip(*samples, strict=True)]


def _assert_alike(model):
    images = _random(2, *SHAPE[1:])
    (found,), (expected,) = OnnxNetwork(model)(torch.from_numpy(images)), _by_onnx_runtime(model, images)
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    # On another device: tensors of two devices cannot be mixed, nor read by Python on this one.
    (elsewhere,) = OnnxNetwork(model).to("meta")(torch.from_numpy(images).to("meta"))
    assert elsewhere.device.type == "meta" and elsewhere.shape == expected.shape


# The opset, and nodes from "x" to "y".
CASES = {
    "conv": (13, _node("Conv", ["x", "kernel", "bias6"], pads=[1, 0, 2, 1], dilations=[1, 2], group=2)),
    "conv, even padding": (13, _node("Conv", ["x", "kernel"], pads=[1, 2, 1, 2], strides=[2, 1], group=2)),
    "conv, same upper": (13, _node("Conv", ["x", "kernel"], strides=[2, 2], auto_pad="SAME_UPPER", group=2)),
    "conv, same lower": (13, _node("Conv", ["x", "kernel"], strides=[3, 2], auto_pad="SAME_LOWER", group=2)),
    "conv, valid": (13, _node("Conv", ["x", "kernel"], auto_pad="VALID", group=2, kernel_shape=[3, 3])),
    "conv transpose": (
        13,
        _node("ConvTranspose", ["x", "turned", "bias3"], strides=[2, 2], pads=[1, 0, 1, 0], output_padding=[1, 0]),
    ),
    "max pool": (13, _node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], storage_order=0)),
    "max pool, uneven padding": (13, _node("MaxPool", kernel_shape=[2, 2], pads=[0, 0, 1, 1])),
    "max pool, ceil": (13, _node("MaxPool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)),
    "batch normalization": (
        15,
        _node("BatchNormalization", ["x", "four", "four", "four", "positive"], epsilon=0.1, training_mode=0),
    ),
    "relu": (13, _node("Relu")),
    "leaky relu": (13, _node("LeakyRelu", alpha=0.3)),
    "sigmoid": (13, _node("Sigmoid")),
    "hard sigmoid": (13, _node("HardSigmoid", alpha=0.3)),
    "hard swish": (14, _node("HardSwish")),
    "clip": (13, _node("Clip", ["x", "low", "high"])),
    "clip above": (13, _node("Clip", ["x", "", "high"])),
    "softmax": (13, _node("Softmax", axis=1)),
    "softmax before opset 13": (11, _node("Softmax", axis=1)),
    "add": (13, _node("Add", ["x", "2.0"])),
    "sub": (13, _node("Sub", ["2.0", "x"])),
    "mul": (13, _node("Mul", ["x", "x"])),
    "div": (13, _node("Div", ["x", "2.0"])),
    "pow": (13, _node("Pow", ["x", "2.0"])),
    "exp": (13, _node("Exp")),
    "concat": (13, _node("Concat", ["x", "x"], axis=-1)),
    "split evenly": (13, _node("Split", ["x"], ["a", "b"], axis=1), _node("Concat", ["b", "a"], axis=1)),
    "split by attribute": (
        11,
        _node("Split", ["x"], ["a", "b"], axis=3, split=[2, 5]),
        _node("Concat", ["b", "a"], axis=3),
    ),
    "split by input": (13, _node("Split", ["x", "[1, 3]"], ["a", "b"], axis=1), _node("Concat", ["b", "a"], axis=1)),
    "split by number": (
        18,
        _node("Split", ["x"], ["a", "b"], axis=3, num_outputs=2),
        _node("Concat", ["b", "a"], axis=3),
    ),
    "slice": (13, _node("Slice", ["x", "[0, 2]", "[max, -1]", "[2, 3]", "[1, 3]"])),
    "slice of the first axes": (13, _node("Slice", ["x", "[0, 2]", "[max, -1]"])),
    "gather": (13, _node("Gather", ["x", "[-1]"], axis=1)),
    "transpose": (13, _node("Transpose", perm=[0, 2, 3, 1])),
    "transpose around": (13, _node("Transpose")),
    "reshape": (13, _node("Reshape", ["x", "[0, -1, 7]"])),
    "reshape without zeros": (14, _node("Reshape", ["x", "[1, 36, -1]"], allowzero=1)),
    "flatten": (13, _node("Flatten", axis=2)),
    "squeeze by attribute": (11, _node("ReduceMean", ["x"], ["a"], axes=[2]), _node("Squeeze", ["a"], axes=[2])),
    "squeeze by input": (13, _node("ReduceMean", ["x"], ["a"], axes=[2]), _node("Squeeze", ["a", "[2]"])),
    "unsqueeze by attribute": (11, _node("Unsqueeze", axes=[-1, 1])),
    "unsqueeze by input": (13, _node("Unsqueeze", ["x", "[-1]"])),
    "mean by attribute": (13, _node("ReduceMean", axes=[2, 3], keepdims=0)),
    "mean by input": (18, _node("ReduceMean", ["x", "[2, 3]"], noop_with_empty_axes=0)),
    "mean of nothing": (18, _node("ReduceMean", noop_with_empty_axes=1)),
    "mean of all": (13, _node("ReduceMean")),
    "global average pool": (13, _node("GlobalAveragePool")),
    "gemm": (13, _node("Flatten", ["x"], ["a"], axis=2), _node("Gemm", ["a", "wide", "bias5"], transB=1, beta=0.5)),
    "gemm, transposed": (13, _node("Flatten", ["x"], ["a"], axis=2), _node("Gemm", ["a", "tall"], transA=1, alpha=2.0)),
    "matmul": (13, _node("MatMul", ["x", "columns"])),
    "identity": (13, _node("Identity")),
    "cast": (13, _node("Cast", ["x"], ["a"], to=TensorProto.INT64), _node("Cast", ["a"], to=TensorProto.FLOAT)),
    "shapes as values": (
        13,
        _node("Constant", [], ["one"], value=numpy_helper.from_array(np.int64([1]))),
        _node("Shape", ["x"], ["shape"]),
        _node("Gather", ["shape", "[2]"], ["height"]),
        _node("Div", ["height", "[2]"], ["half"]),
        _node("Concat", ["one", "half", "[-1]"], ["target"], axis=0),
        _node("Reshape", ["x", "target"]),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_operator(case):
    opset, *nodes = CASES[case]
    _assert_alike(_model(nodes, opset))


@pytest.mark.parametrize("sizes", [["by 2"], ["by some"], ["", "to some"], ["", "to one row"]], ids=lambda s: s[-1])
@pytest.mark.parametrize("coordinates", ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"])
@pytest.mark.parametrize("mode", ["linear", "floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
def test_resize(mode, coordinates, sizes):
    how = {"mode": "linear"} if mode == "linear" else {"mode": "nearest", "nearest_mode": mode}
    _assert_alike(_model([_node("Resize", ["x", "", *sizes], coordinate_transformation_mode=coordinates, **how)]))


NETWORK = [
    _node("Conv", ["x", "kernel", "bias6"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1], group=2),
    _node("Sigmoid", ["a"], ["b"]),
    _node("Mul", ["a", "b"], ["c"]),
    _node("MaxPool", ["c"], ["d"], kernel_shape=[2, 2], strides=[2, 2]),
    _node("Resize", ["d", "", "by 2"], ["e"], mode="nearest", coordinate_transformation_mode="asymmetric"),
    _node("ReduceMean", ["e"], ["y"], axes=[2]),
]


def test_swish_with_a_factor():  # newer than some supported versions of ONNX Runtime
    image = torch.from_numpy(_random(2, *SHAPE[1:]))
    (output,) = OnnxNetwork(_model([_node("Swish", alpha=2.0)], opset=24))(image)
    torch.testing.assert_close(output, image * torch.sigmoid(2 * image))


def test_gradient_is_that_of_the_function():
    network = OnnxNetwork(_model(NETWORK))
    image = torch.from_numpy(_random(2, *SHAPE[1:])).requires_grad_()
    (output,) = network(image)
    output.square().sum().backward()
    direction = 1e-3 * torch.from_numpy(_random(*image.shape)[::-1].copy())
    with torch.no_grad():
        ahead, behind = (network(image + step)[0].square().sum() for step in (direction, -direction))
    assert (image.grad * direction).sum().item() == pytest.approx((ahead - behind).item() / 2, rel=0.02)


def test_channels_last_and_autocast_change_little():
    network = OnnxNetwork(_model(NETWORK))
    image = torch.from_numpy(_random(3, *SHAPE[1:]))
    (expected,) = network(image)
    rearranged = image.contiguous(memory_format=torch.channels_last).requires_grad_()
    torch.testing.assert_close(network(rearranged)[0], expected)
    with torch.autocast("cpu", torch.bfloat16):
        (output,) = network(rearranged)
    torch.testing.assert_close(output.float(), expected, rtol=0.02, atol=0.02)
    output.float().sum().backward()
    assert rearranged.grad.isfinite().all()


def test_weights_are_neither_trained_nor_saved():
    network = OnnxNetwork(_model(NETWORK))
    assert list(network.buffers()) and not list(network.parameters()) and not network.state_dict()


def test_inner_tensors_need_only_what_leads_to_them():
    model = _model([*NETWORK[:3], _node("NonZero", ["c"], ["y"])])
    inner, outer = OnnxNetwork(model, ["b", "a"])(torch.from_numpy(_random(2, *SHAPE[1:])))
    torch.testing.assert_close(inner, outer.sigmoid())


def _gate(shift="3.0", highest="6.0"):
    return [_node("Add", [shift, "x"], ["a"]), _node("Clip", ["a", "0.0", highest], ["b"])]


GATED = [_node("Mul", ["x", "b"], ["c"]), _node("Div", ["c", "6.0"])]
# An activation in several nodes, from "x" to "y", and the operator that computes it.
ACTIVATIONS = {
    "swish": ([_node("Sigmoid", ["x"], ["a"]), _node("Mul", ["a", "x"])], "Swish"),
    "hard swish, as PyTorch writes it": (
        [*_gate(), *GATED],
        "HardSwish",
    ),
    "hard swish, as TensorFlow writes it": (
        [*_gate(), _node("Mul", ["1/6", "x"], ["c"]), _node("Mul", ["c", "b"])],
        "HardSwish",
    ),
    "hard swish, from a constant node": (
        [
            *_gate(),
            _node("Constant", [], ["six"], value=numpy_helper.from_array(np.float32(6))),
            _node("Div", ["b", "six"], ["c"]),
            _node("Mul", ["c", "x"]),
        ],
        "HardSwish",
    ),
    "twice hard swish": ([*_gate(), _node("Mul", ["x", "b"], ["c"]), _node("Div", ["c", "3.0"])], None),
    "over a gate": ([*_gate(), _node("Mul", ["x", "1/6"], ["c"]), _node("Div", ["c", "a"])], None),
    "a gate on another tensor": (
        [_node("Relu", ["x"], ["a"]), _node("Sigmoid", ["a"], ["b"]), _node("Mul", ["b", "x"])],
        None,
    ),
    "a gate with another limit": (
        [*_gate(highest="high"), *GATED],
        None,
    ),
    "a gate with another shift": (
        [*_gate(shift="2.0"), *GATED],
        None,
    ),
}


@pytest.mark.parametrize("case", ACTIVATIONS)
def test_activations_are_one_node(case):
    nodes, operator = ACTIVATIONS[case]
    model = _model(nodes)
    assert [node.op_type for node in fused(model.graph)] == [
        *(n.op_type for n in nodes[:-1]),
        operator or nodes[-1].op_type,
    ]
    _assert_alike(model)


def test_the_number_of_an_activation_may_be_rounded():
    gated = [*_gate(), _node("Mul", ["1/6 in half precision", "x"], ["c"]), _node("Mul", ["c", "b"])]
    assert fused(_model(gated).graph)[-1].op_type == "HardSwish"


def test_stages_end_where_the_resolution_falls():
    assert stage_ends(_model(NETWORK)) == ["c"]
    assert stage_ends(_model([_node("Relu")])) == []


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (_model([_node("NonZero")]), "node NonZero to y, operator NonZero: the operator is not supported"),
        (_model([_node("Relu", domain="com.example")]), "Relu to y, .* not supported"),
        (_model([_node("Relu")], opset=10), "opset 10"),
        (_model([_node("Add", ["x", "z"])]), "node Add to y, operator Add: .*'z'"),
        (_model([_node("MatMul", ["x", "tall"])]), "node MatMul to y, operator MatMul: cannot run"),
        (_model([_node("Resize", ["x", "", "by 2"], mode="cubic")]), "Resize to y, .* cubic"),
        (_model([_node("Resize", ["x", "", "by 2"], antialias=1)], opset=18), "Resize to y, .*antialias"),
        (_model([_node("Resize", ["x", "", "by 2"], keep_aspect_ratio_policy="not_larger")], opset=18), "not_larger"),
        (_model([_node("Resize")]), "neither scales nor sizes"),
        (
            _model([_node("Resize", ["x", "", "by 2"], coordinate_transformation_mode="tf_crop_and_resize")]),
            "Resize to y, .* tf_crop_and_resize",
        ),
        (_model([_node("ConvTranspose", ["x", "turned"], pads=[0, 0, 1, 1])]), "ConvTranspose to y, .* differs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_run_is_named(model, message):
    with pytest.raises(RecognizerError, match=message):
        OnnxNetwork(model)(torch.zeros(SHAPE))


def test_unknown_tensors_and_further_inputs_are_refused():
    model = _model([_node("Relu")])
    with pytest.raises(RecognizerError, match="no tensor of the name layer5"):
        OnnxNetwork(model, ["y", "layer5"])
    model.graph.input.append(helper.make_tensor_value_info("threshold", TensorProto.FLOAT, [1]))
    with pytest.raises(RecognizerError, match="2 inputs"):
        OnnxNetwork(model)


@pytest.mark.parametrize("content", [None, b"", b"no network"])
def test_files_that_are_no_onnx_are_named(content, tmp_path):
    path = tmp_path / "broken.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecognizerError, match=r"broken\.onnx: cannot be read"):
        read_onnx(path)


@pytest.mark.parametrize("name", ["yolox_nano", "centernet_mbv3_512", "yolov5n", "yolov8n", "yolov8n-seg"])
def test_shared_models(name, shared):
    model = onnx.load(shared / "models" / f"{name}.onnx")
    network = OnnxNetwork(model)
    unit = 255 if name.startswith("yolov") else 1
    image = dead_leaves(max(network.size), seed=0).transpose(2, 0, 1)[None].astype(np.float32) / unit
    for found, expected in zip(network(torch.from_numpy(image)), _by_onnx_runtime(model, image), strict=True):
        # The 1/6 of the activations of CenterNet is rounded to half precision.
        tolerance = 0.03 if name.startswith("centernet") else 0.001
        assert (found - expected).abs().max() < tolerance * expected.abs().max()
