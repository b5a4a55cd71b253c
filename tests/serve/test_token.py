"""The token: every call needs it, and without one the service is for its own machine alone."""

import pytest

from fovea.errors import ArgumentError
from fovea.serve import Settings, installed_models

from .conftest import TOKEN, serving


@pytest.fixture(scope="module")
def guarded():
    with serving(token=TOKEN) as running:
        yield running


CALLS = ["/v1/encode", "/v1/decode", "/v1/map", "/v1/info", "/v1/compare"]


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer wrong", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \u00e4".encode()],
)
def test_calls_without_the_token_are_refused(guarded, path, header, photo):
    headers = {} if header is None else {"Authorization": header}
    answer = guarded.client.post(path, content=photo, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["status"] == 401


def test_the_list_of_models_needs_the_token_too(guarded):
    assert guarded.client.get("/v1/models").status_code == 401


def test_with_the_token_calls_are_answered(guarded, photo):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert guarded.client.post("/v1/encode", content=photo, headers=headers).status_code == 200
    assert guarded.client.get("/v1/models", headers=headers).status_code == 200


def test_refusals_are_counted(guarded):
    before = guarded.metric("fovea_rejected_total")
    guarded.client.get("/v1/models")
    assert guarded.metric("fovea_rejected_total") == before + 1


@pytest.mark.parametrize("path", ["/", "/assets/app.js", "/healthz", "/readyz", "/metrics", "/openapi.json"])
def test_the_page_and_what_operators_watch_need_no_token(guarded, path):
    assert guarded.client.get(path).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_without_a_token_no_other_machine_is_served(host):
    with pytest.raises(ArgumentError, match="without a token"):
        Settings(host=host)
    assert Settings(host=host, token=TOKEN).host == host


@pytest.mark.parametrize(
    ("token", "told"), [("short", "16 characters"), ("with spaces in between", "without spaces"), ("ä" * 20, "ASCII")]
)
def test_weak_tokens_are_refused(token, told):
    with pytest.raises(ArgumentError, match=told):
        Settings(token=token)


def test_the_token_is_not_shown():
    assert TOKEN not in repr(Settings(token=TOKEN))


def test_models_are_names():
    with pytest.raises(ArgumentError, match="no name of a model"):
        Settings(models=("weights/fovea-s.fovea",))
    with pytest.raises(ArgumentError, match="no model is installed"):
        Settings(models=())
    assert installed_models()[0] == "fovea-s"
