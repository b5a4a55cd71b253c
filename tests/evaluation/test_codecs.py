"""How codecs are specified, and what distinguishes their results."""

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import PIL
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fovea
from fovea.baselines import Codec, CodedSize
from fovea.bitstream import read_header
from fovea.coding import SIZE_RULE
from fovea.errors import ArgumentError, BaselineError, FoveaError
from fovea.evaluation.codecs import FOVEA_QUALITIES, CodecUnderTest, find_codec, find_codecs
from fovea.evaluation.specification import CodecSpec
from fovea.store import open_model, save_model


def found(text: str, qualities: Sequence[float] | None = None) -> CodecUnderTest:
    return find_codec(CodecSpec.parse(text), qualities)


def opened(text: str, objects: np.ndarray) -> Codec:
    return CodecSpec.parse(text).open_for(objects)


@given(
    st.sampled_from(["jpeg", "vvc:fast", "a/b-c.fovea", "runs@2/b@3.fovea", "runs%2/c%d.fovea"]),
    st.sampled_from([None, 0, 35, 100]),
    st.sampled_from(["", "1/2", "3/4", "1/3", "960"]),
    st.sampled_from(["", "+roi", "+roi:a/yolox.onnx", "+roi:ultralytics:yolo11n.pt", "+roi:a@1/2.onnx"]),
)
def test_a_specification_is_written_as_it_is_read(codec: str, background: int | None, size: str, roi: str):
    background = background if codec.endswith(".fovea") else None
    text = codec + ("" if background is None else f"%{background}") + f"@{size}" * bool(size) + roi
    spec = CodecSpec.parse(text)
    assert str(spec) == text
    wanted = CodedSize(Fraction(size)) if size else None
    assert spec == CodecSpec(codec, wanted, bool(roi), roi.removeprefix("+roi").removeprefix(":"), background)


def test_the_whole_size_is_no_size():
    assert CodecSpec.parse("jpeg@1") == CodecSpec.parse("jpeg")


@pytest.mark.parametrize("text", ["jpeg@3/2", "jpeg@0", "jpeg@0/5+roi", "fovea-s@1/0", "hevc@1.5"])
def test_a_wrong_size_is_refused(text: str):
    with pytest.raises(BaselineError, match=rf"^{re.escape(text)}: .* is no size to code at: write a fraction"):
        find_codecs([text], {})


def test_backgrounds_are_for_models_that_have_this_control():
    with pytest.raises(BaselineError, match="%20 names no model before %: write MODEL%20"):
        find_codecs(["%20"], {})
    with pytest.raises(BaselineError, match="jpeg%20@1/2: jpeg has no control of the background"):
        find_codecs(["jpeg%20@1/2"], {})
    with pytest.raises(ArgumentError, match="fovea-s has no control of the background"):
        find_codecs(["fovea-s%20"], {})


def test_a_background_is_part_of_name_version_and_identity(controlled_model, tmp_path):
    path = tmp_path / "controlled.fovea"
    save_model(controlled_model, path)
    texts = [f"{path}{rest}" for rest in ("", "%20", "%60", "%20@1/2", "%20@64")]
    codecs = [found(text) for text in texts]
    assert [codec.name for codec in codecs] == [f"controlled{rest}" for rest in ("", "%20", "%60", "%20@1/2", "%20@64")]
    assert ", background 20, coded at 1/2 of the size" in codecs[3].version
    assert len({codec.identity for codec in codecs}) == len(codecs)
    image, objects = np.zeros((48, 64, 3), np.uint8), np.zeros((48, 64), bool)
    for text, background, scale in zip(texts[1:4], (20, 60, 20), (8, 8, 4), strict=True):
        codec = opened(text, objects)
        header = read_header(codec.encode(image, 40))
        assert (header.background, header.scale) == (background, scale)
        assert codec.decode(codec.encode(image, 40)).shape == image.shape


def test_a_size_without_codec_is_refused():
    with pytest.raises(BaselineError, match="@1/2 names no codec before @: write CODEC@1/2"):
        find_codecs(["@1/2"], {})


def test_size_is_part_of_name_version_and_identity():
    assert found("vvc@1/2+roi").name == "vvc:fast@1/2+roi"
    assert found("jpeg@1/2").version == f"{found('jpeg').version}, coded at 1/2 of the size by Pillow {PIL.__version__}"
    assert found("fovea-s-mse@1/2").version == f"{found('fovea-s-mse').version}, coded at 1/2 of the size"
    assert found("fovea-s@1/2").version.endswith(", coded at 1/2 of the size")
    assert found("fovea-s").version.endswith(f", at the size that it chooses by rule {SIZE_RULE}")
    assert found("fovea-s@320").version.endswith(f", coded at 320 pixels by Pillow {PIL.__version__}")
    texts = ["jpeg", "jpeg@1/2", "jpeg@3/4", "jpeg@64", "fovea-s", "fovea-s@1", "fovea-s@1/2", "fovea-s@1/3"]
    assert len({found(text).identity for text in texts}) == len(texts)


def test_qualities_of_a_codec_hold_for_all_its_sizes_but_those_that_have_their_own():
    codecs, _ = find_codecs(["jpeg@1/2", "jpeg@1/4", "webp@1/2"], {"jpeg": [10, 20], "jpeg@1/4": [5], "": [30]})
    assert [codec.qualities for codec in codecs] == [(10, 20), (5,), (30,)]
    with pytest.raises(FoveaError, match="qualities are given for jpeg, which is not among the codecs"):
        find_codecs(["webp@1/2"], {"jpeg": [10]})


def test_a_fovea_model_uses_its_own_scale_where_it_can():
    image = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    objects = np.zeros((40, 56), bool)
    half = opened("fovea-s@1/2", objects)
    assert half.encode(image, 50) == fovea.Codec("fovea-s").encode(image, 50, scale="1/2")
    for text in ("fovea-s@1/2", "fovea-s@1/3", "fovea-s@32"):
        codec = opened(text, objects)
        assert codec.name == text
        assert codec.decode(codec.encode(image, 50)).shape == image.shape


@pytest.mark.parametrize("size", ["1/2", "1/3", "24"])
def test_a_model_that_takes_a_map_gets_it_at_any_size(guided: Path, size: str):
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    left = np.zeros((64, 64), bool)
    left[:, :32] = True
    told, other = (opened(f"{guided}@{size}+roi", region) for region in (left, ~left))
    assert told.encode(image, 50) != other.encode(image, 50)
    assert told.decode(told.encode(image, 50)).shape == image.shape


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


def test_another_encoder_of_the_same_decoder_is_told_apart(guided: Path, tmp_path: Path):
    """The id names the decoder, so two exports of one name may share it."""
    model = open_model(guided)
    graphs = {name: model.graphs[name] for name in model.networks}
    again, changed = tmp_path / "again" / guided.name, tmp_path / "changed" / guided.name
    save_model(replace(model, graphs=graphs, card={"made": "again"}), again)
    save_model(replace(model, graphs={**graphs, "analysis": graphs["hyper_analysis"]}), changed)
    assert open_model(changed).id == model.id
    assert found(str(again)).identity == found(str(guided)).identity
    assert found(str(changed)).identity != found(str(guided)).identity


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
    assert found(f"{guided}+roi").name == f"{guided.stem}+roi"


def test_region_of_interest_from_a_recognizer_depends_on_it(checkers):
    with_recognizer = found(f"jpeg+roi:{checkers}")
    assert with_recognizer.name == "jpeg+roi:checkers"
    assert with_recognizer.identity != found("jpeg+roi").identity


@pytest.mark.parametrize("spec", ["jpeg", "fovea-s"])
def test_codec_for_gives_an_image_back(spec: str):
    image = np.full((32, 48, 3), 90, np.uint8)
    codec = opened(spec, np.zeros((32, 48), bool))
    assert codec.decode(codec.encode(image, 50)).shape == image.shape
