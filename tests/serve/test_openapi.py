"""The description of the calls, from which clients can be generated."""

import pytest

from .conftest import png

validate = pytest.importorskip("openapi_spec_validator").validate


@pytest.fixture(scope="module")
def described(running):
    return running.client.get("/openapi.json").json()


def operations(described):
    return {
        operation["operationId"]: (path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


def test_the_description_is_valid(described):
    validate(described)


def test_every_call_is_described(described):
    calls = {name: path for name, (path, _, _) in operations(described).items()}
    assert calls == {name: f"/v1/{name}" for name in ("encode", "decode", "map", "info", "compare", "models")}


def test_bodies_and_files_are_binary(described):
    for name, (_, _, operation) in operations(described).items():
        if name != "models":
            content = operation["requestBody"]["content"]
            assert operation["requestBody"]["required"]
            assert all(each["schema"] == {"type": "string", "format": "binary"} for each in content.values())
    for name, kinds in {"encode": {"image/x-fovea"}, "map": {"image/png"}}.items():
        assert set(operations(described)[name][2]["responses"]["200"]["content"]) == kinds
    assert "image/webp" in operations(described)["decode"][2]["responses"]["200"]["content"]


def test_parameters_have_their_ranges(described):
    parameters = {each["name"]: each["schema"] for each in operations(described)["encode"][2]["parameters"]}
    (quality, _) = parameters["quality"]["anyOf"]
    assert (quality["minimum"], quality["maximum"]) == (0, 100)
    assert parameters["tile_size"]["multipleOf"] == 64
    assert "7/8" in parameters["scale"]["enum"]
    assert set(parameters) == {
        "quality",
        "target_size",
        "target_bpp",
        "model",
        "scale",
        "background",
        "tile_size",
        "metadata",
    }


def test_errors_and_the_token_are_described(described):
    assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for name, (_, _, operation) in operations(described).items():
        assert operation["security"] == [{"HTTPBearer": []}]
        statuses = {"401", "500"} | (set() if name == "models" else {"408", "413", "422", "503", "504"})
        assert statuses | {"200"} == set(operation["responses"])
        for status in statuses:
            content = operation["responses"][status]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "Retry-After" in operations(described)["encode"][2]["responses"]["503"]["headers"]
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_answers_have_the_headers_that_are_described(running, described):
    coded = running.post("/v1/encode", png())
    for name, answer in {"encode": coded, "decode": running.post("/v1/decode", coded.content)}.items():
        headers = operations(described)[name][2]["responses"]["200"]["headers"]
        given = {header for header in answer.headers if header.startswith(("fovea-", "x-request"))}
        assert given == {header.lower() for header in headers} - {"fovea-note"}


def test_no_page_of_the_framework_loads_foreign_scripts(running):
    assert [running.client.get(path).status_code for path in ("/docs", "/redoc")] == [404, 404]
