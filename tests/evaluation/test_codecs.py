"""How codecs are specified, and what distinguishes their results."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fovea
from fovea.baselines import Codec
from fovea.errors import BaselineError
from fovea.evaluation.codecs import FOVEA_QUALITIES, CodecSpec, CodecUnderTest, find_codec, find_codecs


def found(text: str, qualities: Sequence[float] | None = None) -> CodecUnderTest:
    return find_codec(CodecSpec.parse(text), qualities)


def opened(text: str, objects: np.ndarray) -> Codec:
    return CodecSpec.parse(text).open_for(objects)


@given(
    st.sampled_from(["jpeg", "vvc:fast", "a/b-c.fovea"]),
    st.sampled_from(["", "+roi", "+roi:a/yolox.onnx", "+roi:ultralytics:yolo11n.pt"]),
)
def test_a_specification_is_written_as_it_is_read(codec: str, roi: str):
    spec = CodecSpec.parse(codec + roi)
    assert str(spec) == codec + roi
    assert spec == CodecSpec(codec, bool(roi), roi.removeprefix("+roi").removeprefix(":"))


@pytest.mark.parametrize("text", ["jpeg+roi:", "jpeg+roiyolox.onnx"])
def test_a_region_of_interest_without_recognizer_is_refused(text: str):
    with pytest.raises(BaselineError, match=r"names no recognizer after \+roi: write CODEC\+roi or"):
        find_codecs([text], {})


def test_fovea_model_by_name_and_by_file():
    named = found("fovea-s")
    assert named.qualities == FOVEA_QUALITIES
    path = fovea.list_models()[0].path
    assert found(str(path)).identity == named.identity


def test_model_and_version_are_part_of_the_identity():
    assert fovea.Codec("fovea-s").model.id.hex() in found("fovea-s").version
    assert found("jpeg").identity != found("webp").identity
    assert found("webp:0").identity != found("webp:6").identity


def test_qualities_are_sorted_and_single():
    assert found("jpeg", [50, 10, 50]).qualities == (10, 50)


def test_region_of_interest_from_labels_saves_bits_outside():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    objects = np.zeros((64, 64), bool)
    everything = opened("jpeg+roi", ~objects).encode(image, 50)
    nothing = opened("jpeg+roi", objects).encode(image, 50)
    assert everything == opened("jpeg", objects).encode(image, 50)
    assert len(nothing) < len(everything) / 3
    assert found("jpeg+roi").name == "jpeg+roi"


def test_a_model_that_takes_a_map_gets_it(guided):
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    left = np.zeros((64, 64), bool)
    left[:, :32] = True
    codec = fovea.Codec(guided)
    assert opened(f"{guided}+roi", left).encode(image, 50) == codec.encode(image, 50, roi=left)
    assert opened(str(guided), left).encode(image, 50) == codec.encode(image, 50)
    assert found(f"{guided}+roi").name == "guided+roi"


def test_region_of_interest_from_a_recognizer_depends_on_it(checkers):
    with_recognizer = found(f"jpeg+roi:{checkers}")
    assert with_recognizer.name == "jpeg+roi:checkers"
    assert with_recognizer.identity != found("jpeg+roi").identity


@pytest.mark.parametrize("spec", ["jpeg", "fovea-s"])
def test_codec_for_gives_an_image_back(spec: str):
    image = np.full((32, 48, 3), 90, np.uint8)
    codec = opened(spec, np.zeros((32, 48), bool))
    assert codec.decode(codec.encode(image, 50)).shape == image.shape
