"""How codecs are named, and what tells their results apart."""

import numpy as np
import pytest

import fovea
from fovea.evaluation.contender import FOVEA_QUALITIES, codec_for, contender


def test_fovea_model_by_name_and_by_file():
    named = contender("fovea-s")
    assert named.qualities == FOVEA_QUALITIES
    path = fovea.list_models()[0].path
    assert contender(str(path)).identity == named.identity


def test_model_and_version_are_part_of_the_identity():
    assert fovea.Codec("fovea-s").model.id.hex() in contender("fovea-s").version
    assert contender("jpeg").identity != contender("webp").identity
    assert contender("webp:0").identity != contender("webp:6").identity


def test_qualities_are_sorted_and_single():
    assert contender("jpeg", [50, 10, 50]).qualities == (10, 50)


def test_region_of_interest_from_labels_saves_bits_outside():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    objects = np.zeros((64, 64), bool)
    everything = codec_for("jpeg+roi", ~objects).encode(image, 50)
    nothing = codec_for("jpeg+roi", objects).encode(image, 50)
    assert everything == codec_for("jpeg", objects).encode(image, 50)
    assert len(nothing) < len(everything) / 3
    assert contender("jpeg+roi").name == "jpeg+roi"


def test_a_model_that_takes_a_map_gets_it(guided):
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    left = np.zeros((64, 64), bool)
    left[:, :32] = True
    codec = fovea.Codec(guided)
    assert codec_for(f"{guided}+roi", left).encode(image, 50) == codec.encode(image, 50, roi=left)
    assert codec_for(str(guided), left).encode(image, 50) == codec.encode(image, 50)
    assert contender(f"{guided}+roi").name == "guided+roi"


def test_region_of_interest_from_a_recognizer_depends_on_it(checkers):
    found = contender(f"jpeg+roi:{checkers}")
    assert found.name == "jpeg+roi:checkers"
    assert found.identity != contender("jpeg+roi").identity


@pytest.mark.parametrize("spec", ["jpeg", "fovea-s"])
def test_codec_for_gives_an_image_back(spec: str):
    image = np.full((32, 48, 3), 90, np.uint8)
    codec = codec_for(spec, np.zeros((32, 48), bool))
    assert codec.decode(codec.encode(image, 50)).shape == image.shape
