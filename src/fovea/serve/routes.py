"""The calls of the service, as OpenAPI describes them."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from fovea.picture import FORMATS
from fovea.serve.bodies import Held, gone
from fovea.serve.callers import caller_of
from fovea.serve.coding import MEDIA_TYPE, Result
from fovea.serve.parameters import (
    Comparison,
    ComparisonParameters,
    DecodeParameters,
    EncodeParameters,
    Info,
    MapParameters,
    Models,
)
from fovea.serve.problems import MEDIA_TYPE as PROBLEM_TYPE
from fovea.serve.problems import RefusedError
from fovea.serve.service import Service

_BINARY = {"type": "string", "format": "binary"}
_bearer = HTTPBearer(auto_error=False, description="The token of the service, where it has one.")


async def _check_token(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> None:
    token = _service(request).settings.token
    if token is None:
        return
    if given is None or not hmac.compare_digest(given.credentials.encode(), token.encode()):
        detail = "The service asks for its token: send the header Authorization: Bearer TOKEN."
        raise RefusedError(401, detail, "token", {"WWW-Authenticate": "Bearer"})


async def _hold(request: Request) -> AsyncIterator[Held]:
    """Count the memory of a request until its answer is sent."""
    caller = caller_of(request.client.host if request.client else "")
    with _service(request).intake.held(caller) as held:
        yield held


def _body(description: str, *media_types: str) -> dict[str, Any]:
    content = {media_type: {"schema": _BINARY} for media_type in media_types}
    return {"requestBody": {"required": True, "description": description, "content": content}}


_Held = Annotated[Held, Depends(_hold, scope="request")]

_IMAGE = _body("An image file of any format that Fovea reads.", "image/*", "application/octet-stream")
_CODED = _body("A coded file.", MEDIA_TYPE, "application/octet-stream")


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


_ID = {"X-Request-Id": _header("Id of the request, which is also in the log; the id that the client sent, if any.")}
_FACTS = _ID | {
    "Fovea-Bits-Per-Pixel": _header("Size of the coded file in bits per pixel of the picture.", "number"),
    "Fovea-Quality": _header("Quality of the coded pixels, 0 to 100.", "integer"),
    "Fovea-Width": _header("Width of the picture in pixels.", "integer"),
    "Fovea-Height": _header("Height of the picture in pixels.", "integer"),
    "Fovea-Coded-Width": _header("Width in pixels at which the picture is coded.", "integer"),
    "Fovea-Coded-Height": _header("Height in pixels at which the picture is coded.", "integer"),
    "Fovea-Model": _header("Name of the model that codes the picture, percent-encoded as in an address."),
}
_NOTE = {"Fovea-Note": _header("What the format of the image cannot hold.")}


def _file(description: str, headers: dict[str, Any], *media_types: str) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": _BINARY} for media_type in media_types}
    return {200: {"description": description, "headers": headers, "content": content}}


def _problem(description: str, **headers: Any) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {PROBLEM_TYPE: {"schema": schema}}
    return {"description": description, "headers": _ID | headers, "content": content}


_RETRY = {"Retry-After": _header("Seconds after which to try again.", "integer")}
_REFUSED: dict[int | str, dict[str, Any]] = {
    401: _problem("The token is missing or wrong.", **{"WWW-Authenticate": _header("Bearer")}),
    500: _problem("The service failed."),
}
_CODING_REFUSED = _REFUSED | {
    408: _problem("The body took too long to arrive."),
    413: _problem("The body or the picture is too large."),
    422: _problem("A parameter is wrong, or the body cannot be read."),
    503: _problem("There is too much to do: try again later.", **_RETRY),
    504: _problem("The picture took too long."),
}

_IMAGE_TYPES = list(dict.fromkeys(form.media_type for form in FORMATS.values()))
_JSON: dict[int | str, dict[str, Any]] = {200: {"headers": _ID}}

router = APIRouter(prefix="/v1", dependencies=[Depends(_check_token)])


@router.post(
    "/encode",
    summary="Encode an image",
    response_class=Response,
    responses=_file("The coded file.", _FACTS, MEDIA_TYPE) | _CODING_REFUSED,
    openapi_extra=_IMAGE,
)
async def encode(request: Request, held: _Held, parameters: Annotated[EncodeParameters, Query()]) -> Response:
    """Encode an image file. The answer is a ``.fov`` file."""
    return await _coded(request, held, partial(_service(request).coding.encode, parameters=parameters))


@router.post(
    "/decode",
    summary="Decode a coded file",
    response_class=Response,
    responses=_file("The image.", _FACTS | _NOTE, *_IMAGE_TYPES) | _CODING_REFUSED,
    openapi_extra=_CODED,
)
async def decode(request: Request, held: _Held, parameters: Annotated[DecodeParameters, Query()]) -> Response:
    """Decode a ``.fov`` file, or a region of it, to an image file."""
    return await _coded(request, held, partial(_service(request).coding.decode, parameters=parameters))


@router.post(
    "/map",
    summary="Draw the map of objects",
    response_class=Response,
    responses=_file("The map, white on objects.", _FACTS, "image/png") | _CODING_REFUSED,
    openapi_extra=_CODED,
)
async def map(request: Request, held: _Held, parameters: Annotated[MapParameters, Query()]) -> Response:
    """Draw where the encoder found objects, without decoding the picture."""
    return await _coded(request, held, partial(_service(request).coding.map, parameters=parameters))


@router.post(
    "/info",
    summary="Describe a coded file",
    response_model=Info,
    responses=_JSON | _CODING_REFUSED,
    openapi_extra=_CODED,
)
async def info(request: Request, held: _Held) -> Response:
    """Describe a ``.fov`` file without decoding it."""
    return await _coded(request, held, _service(request).coding.info)


@router.post(
    "/compare",
    summary="Compare with JPEG",
    response_model=Comparison,
    responses=_JSON | _CODING_REFUSED,
    openapi_extra=_IMAGE,
)
async def compare(request: Request, held: _Held, parameters: Annotated[ComparisonParameters, Query()]) -> Response:
    """Encode an image file, and measure how many bytes a JPEG needs to be as exact inside the objects."""
    return await _coded(request, held, partial(_service(request).coding.compare, parameters=parameters))


@router.get("/models", summary="List the models and the limits", responses=_JSON | _REFUSED)
async def models(request: Request) -> Models:
    """List the models that are served, the default first, and the limits of the service."""
    service = _service(request)
    limits = service.settings.limits
    return Models(
        models=service.coding.models(),
        limits={"body_bytes": limits.body_bytes, "pixels": limits.pixels, "seconds": limits.seconds},
    )


async def _coded(request: Request, held: Held, work: Callable[[bytes], Result]) -> Response:
    """Receive the body of a request, run the work on it in a thread, and return the answer."""
    service = _service(request)
    service.pool.refuse_if_full(held.caller)
    body = await service.intake.body(request, held)
    watch = asyncio.ensure_future(gone(request))
    try:
        result = await service.pool.run(partial(work, body), service.settings.limits.seconds, watch, held.caller)
    finally:
        watch.cancel()
    service.intake.answer(len(result.content), held)
    request.state.pixels, request.state.model = result.pixels, result.model
    return result.response()


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service
