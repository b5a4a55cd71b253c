"""The calls: what they answer, and what they refuse."""

import io
import json
import logging
import shutil
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

import fovea
from fovea.picture import FORMATS, enlarged_map, open_picture

from .conftest import png, serving


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_picture_is_encoded_as_by_the_codec(running, photo):
    answer = running.post("/v1/encode", photo, quality=40)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/x-fovea"
    assert answer.content == fovea.Codec("fovea-s").encode(open_picture(photo), 40)
    assert float(answer.headers["fovea-bits-per-pixel"]) == pytest.approx(8 * len(answer.content) / (80 * 48), abs=1e-4)
    assert (answer.headers["fovea-width"], answer.headers["fovea-height"]) == ("80", "48")
    assert answer.headers["fovea-quality"] == "40" and answer.headers["fovea-model"] == "fovea-s"


def test_the_quality_is_the_default_of_the_codec(running, photo):
    assert running.post("/v1/encode", photo).headers["fovea-quality"] == str(fovea.codec.DEFAULT_QUALITY)


def test_targets_are_met(running, photo):
    by_size = running.post("/v1/encode", photo, target_size=300)
    assert 0 < len(by_size.content) <= 300
    by_rate = running.post("/v1/encode", photo, target_bpp=8 * 300 / (80 * 48))
    assert by_rate.content == by_size.content


def test_a_target_that_cannot_be_met_is_told(running, photo):
    answer = running.post("/v1/encode", photo, target_size=3)
    assert answer.status_code == 422
    assert "No file has at most 3 bytes, as asked for: without any pixels it has" in answer.json()["detail"]


def test_scale_and_tile_size_reach_the_encoder(running, photo):
    half = running.post("/v1/encode", photo, scale="1/2", tile_size=64)
    facts = running.post("/v1/info", half.content).json()
    assert (facts["coded_width"], facts["coded_height"], facts["tile_size"]) == (40, 24, 64)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_is_decoded_to_every_format(running, coded, suffix):
    answer = running.post("/v1/decode", coded, format=suffix)
    assert answer.headers["content-type"] == FORMATS[suffix].media_type
    decoded = np.asarray(opened(answer.content), np.int16)
    assert decoded.shape == (48, 80, 3)
    tolerance = 30 if suffix.startswith("jp") else 0
    assert np.abs(decoded - fovea.decode(coded)).max() <= tolerance


def test_a_region_and_the_native_size(running, photo, coded):
    part = opened(running.post("/v1/decode", coded, region="8,4,16,12").content)
    assert np.array_equal(np.asarray(part), fovea.decode(coded)[4:16, 8:24])
    half = running.post("/v1/encode", photo, scale="1/2").content
    assert opened(running.post("/v1/decode", half, native="true").content).size == (40, 24)


def test_transparency_is_kept_or_refused(running):
    file = io.BytesIO()
    Image.new("RGBA", (20, 10), (9, 9, 9, 100)).save(file, "PNG")
    coded = running.post("/v1/encode", file.getvalue()).content
    assert opened(running.post("/v1/decode", coded).content).mode == "RGBA"
    assert running.post("/v1/decode", coded, region="2,2,4,4").status_code == 200
    answer = running.post("/v1/decode", coded, format="jpeg")
    assert answer.status_code == 422 and "transparent" in answer.json()["detail"]


def turned(photo: bytes) -> bytes:
    exif = Image.Exif()
    exif[274] = 6
    file = io.BytesIO()
    opened(photo).save(file, "PNG", exif=exif)
    return file.getvalue()


def test_metadata_are_kept_unless_they_are_left_out(running, photo):
    kept = running.post("/v1/encode", turned(photo)).content
    assert running.post("/v1/info", kept).json()["exif_bytes"] > 0
    assert opened(running.post("/v1/decode", kept).content).size == (80, 48)
    assert opened(running.post("/v1/decode", kept, metadata="false").content).size == (48, 80)
    assert opened(running.post("/v1/map", kept).content).size == (80, 48)
    assert opened(running.post("/v1/map", kept, upright="true").content).size == (48, 80)
    dropped = running.post("/v1/encode", turned(photo), metadata="false")
    assert dropped.headers["fovea-width"] == "48"
    assert running.post("/v1/info", dropped.content).json()["exif_bytes"] == 0


def test_a_note_tells_what_a_format_cannot_hold(running, photo):
    file = io.BytesIO()
    opened(photo).save(file, "PNG", exif=b"Exif\0\0MM\0*" + bytes(70_000))
    coded = running.post("/v1/encode", file.getvalue()).content
    assert "too large for a JPEG" in running.post("/v1/decode", coded, format="jpg").headers["fovea-note"]


def test_the_map_is_that_of_the_codec(running, coded):
    answer = running.post("/v1/map", coded)
    levels = np.asarray(opened(answer.content))
    assert np.array_equal(levels, enlarged_map(fovea.Codec().object_map(coded), 80, 48))


def test_info_is_that_of_the_command(running, coded, tmp_path):
    from click.testing import CliRunner

    from fovea.cli import main

    path = tmp_path / "a.fov"
    path.write_bytes(coded)
    told = json.loads(CliRunner().invoke(main, ["info", "--json", str(path)]).output)
    assert running.post("/v1/info", coded).json() == {key: told[key] for key in told if key != "file"}


def test_models_are_listed_with_the_limits(running):
    answer = running.client.get("/v1/models").json()
    assert [(model["name"], model["default"]) for model in answer["models"]] == [("fovea-s", True)]
    assert answer["limits"]["pixels"] == 26_000_000


@pytest.mark.parametrize(
    ("path", "body", "parameters", "told"),
    [
        ("/v1/encode", b"", {}, "The body is empty"),
        ("/v1/encode", b"no picture", {}, "No image of a format"),
        ("/v1/encode", png()[:100], {}, "."),
        ("/v1/encode", png(), {"quality": 101}, "quality: Input should be less than or equal to 100"),
        ("/v1/encode", png(), {"quality": 3, "target_size": 9}, "Choose one of quality, target_size and target_bpp"),
        ("/v1/encode", png(), {"target_bpp": "nan"}, "target_bpp"),
        ("/v1/encode", png(), {"scale": "2"}, "scale"),
        ("/v1/encode", png(), {"tile_size": 100}, "tile_size"),
        ("/v1/encode", png(), {"tile_size": 1088}, "tile_size: Input should be less than or equal to 1024"),
        ("/v1/encode", png(), {"model": "fovea-s-mse"}, "is not served: choose one of fovea-s"),
        ("/v1/encode", png(), {"model": "/etc/passwd"}, "is not served"),
        ("/v1/encode", png(), {"file": "http://example.org/a.png"}, "file: Extra inputs are not permitted"),
        ("/v1/decode", b"no file", {}, "no .fov file"),
        ("/v1/decode", png(), {}, "no .fov file"),
        ("/v1/map", b"FOV", {}, "."),
        ("/v1/info", b"no file", {}, "no .fov file"),
        ("/v1/decode", b"x", {"format": "gif"}, "format"),
        ("/v1/decode", b"x", {"region": "1,2,3"}, "region"),
        ("/v1/compare", b"no picture", {}, "No image"),
    ],
)
def test_what_is_wrong_is_told_as_a_problem(running, path, body, parameters, told):
    answer = running.post(path, body, **parameters)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 422 and problem["request_id"] == answer.headers["x-request-id"]
    assert told in problem["detail"] and problem["detail"].endswith(".")


def test_a_damaged_file_is_refused(running, coded):
    damaged = bytearray(coded)
    damaged[-20] ^= 255
    assert running.post("/v1/decode", bytes(damaged)).status_code == 422
    assert running.post("/v1/decode", coded[:-4]).status_code == 422
    assert running.post("/v1/decode", coded, region="70,40,64,64").status_code == 422


def test_a_file_of_a_model_that_is_not_served_is_refused(running, photo):
    answer = running.post("/v1/decode", fovea.Codec("fovea-s-mse").encode(open_picture(photo)))
    assert answer.status_code == 422
    assert "which this service does not have" in answer.json()["detail"]


def test_unknown_addresses_and_methods_are_problems(running):
    for answer, status in ((running.client.get("/nothing"), 404), (running.client.get("/v1/encode"), 405)):
        assert answer.status_code == answer.json()["status"] == status
    assert running.client.get("/v1/encode").headers["allow"] == "POST"


def test_an_unexpected_error_is_told_without_its_text(running, photo, monkeypatch):
    def fail(*_arguments, **_parameters):
        raise RuntimeError("a secret")

    monkeypatch.setattr(running.service.coding, "encode", fail)
    answer = running.post("/v1/encode", photo)
    assert answer.status_code == 500 and answer.json()["status"] == 500
    assert "secret" not in answer.text


def test_a_model_file_that_is_lost_is_a_failure_of_the_service(photo, monkeypatch, tmp_path, caplog):
    installed = {info.name: info.path for info in fovea.list_models()}
    path = shutil.copy(installed["fovea-s-mse"], tmp_path / "own.fovea")
    monkeypatch.setenv("FOVEA_MODELS", str(tmp_path))
    with serving(models=("fovea-s", "own")) as running:
        path.unlink()
        monkeypatch.setattr(logging.getLogger("fovea.serve"), "propagate", True)
        answer = running.post("/v1/encode", photo, model="own")
        assert answer.status_code == 500 and str(tmp_path) not in answer.text
        assert f"{path}: the model file cannot be read" in caplog.text
        assert running.post("/v1/encode", photo).status_code == 200


def test_the_name_of_a_model_may_have_any_characters(photo, monkeypatch, tmp_path):
    installed = {info.name: info.path for info in fovea.list_models()}
    shutil.copy(installed["fovea-s-mse"], tmp_path / "模型 é.fovea")
    monkeypatch.setenv("FOVEA_MODELS", str(tmp_path))
    with serving(models=("模型 é",)) as running:
        coded = running.post("/v1/encode", photo)
        assert running.post("/v1/decode", coded.content).status_code == coded.status_code == 200
        assert coded.headers["fovea-model"] == "%E6%A8%A1%E5%9E%8B%20%C3%A9"
        assert running.post("/v1/encode", photo, model=unquote(coded.headers["fovea-model"])).status_code == 200


def test_a_lack_of_memory_asks_to_try_again(running, photo, monkeypatch):
    def fail(*_arguments, **_parameters):
        raise MemoryError

    monkeypatch.setattr(running.service.coding, "encode", fail)
    answer = running.post("/v1/encode", photo)
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


def test_request_ids_are_kept_if_they_are_plain(running):
    for given, kept in (("abc-1.2", True), ("a b", False), ("x" * 65, False)):
        answer = running.client.get("/healthz", headers={"X-Request-Id": given})
        assert (answer.headers["x-request-id"] == given) is kept


def test_another_model_serves_beside_the_default(photo):
    with serving(models=("fovea-s", "fovea-s-mse")) as running:
        coded = running.post("/v1/encode", photo, model="fovea-s-mse")
        assert coded.headers["fovea-model"] == "fovea-s-mse"
        assert running.post("/v1/decode", coded.content).headers["fovea-model"] == "fovea-s-mse"
        answer = running.post("/v1/map", coded.content)
        assert answer.status_code == 422 and "has no map of objects" in answer.json()["detail"]
        figures = running.post("/v1/compare", photo, model="fovea-s-mse").json()
        assert figures["compared"] == "picture" and figures["psnr_objects"] is None


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_probes_may_ask_for_the_head_alone(running, path):
    sent = f'fovea_sent_bytes_total{{route="{path}"}}'
    whole = running.client.get(path)
    before = running.metric(sent)
    head = running.client.head(path)
    assert head.status_code == 200 and not head.content
    assert head.headers["content-length"] == str(len(whole.content))
    assert running.metric(sent) == before > 0
