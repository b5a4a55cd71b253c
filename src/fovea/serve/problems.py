"""Refusals, and how errors become answers in the form of RFC 9457, "Problem Details for HTTP APIs"."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from fovea.errors import EngineError, FoveaError, LimitError

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Why a request was refused."""

    type: str = Field("about:blank", description="Kind of the problem; the status says it all.")
    title: str = Field(description="The status in words.", examples=["Content Too Large"])
    status: int = Field(ge=400, le=599, description="The status of the answer.")
    detail: str = Field(description="What is wrong and what to do, in a sentence.")
    request_id: str = Field(description="The X-Request-Id of the answer, which the log of the service has too.")


class RefusedError(Exception):
    """A request that is not carried out.

    Args:
        status: status of the answer.
        detail: what is wrong and what to do, in a sentence.
        reason: one word for the metrics; "" where the content is at fault and no limit.
        headers: further headers of the answer.
    """

    def __init__(self, status: int, detail: str, reason: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.reason, self.headers = status, detail, reason, dict(headers or {})


class ClientGoneError(Exception):
    """The client has closed the connection; there is nobody to answer to."""


def refusal_of(error: Exception) -> RefusedError | None:
    """Return the refusal that an error of Fovea means; None for an error that nobody expected."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, MemoryError):
        return RefusedError(503, "There is not enough memory for this picture now.", "memory", {"Retry-After": "10"})
    if not isinstance(error, FoveaError) or isinstance(error, EngineError):
        return None
    detail = ": ".join(part for part in (error.entry, error.reason) if part)  # the path, if any, is of the service
    sentence = f"{detail[:1].upper()}{detail[1:]}."
    return RefusedError(413, sentence, "pixels") if isinstance(error, LimitError) else RefusedError(422, sentence)


def answer(request: Request, refusal: RefusedError) -> JSONResponse:
    """Return the answer to a request that is refused."""
    request.state.rejected = refusal.reason
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(refusal.status).phrase,
        status=refusal.status,
        detail=refusal.detail,
        request_id=request.state.request_id,
    )
    return JSONResponse(problem.model_dump(), refusal.status, refusal.headers, MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Let an application answer errors with problems."""

    async def on_error(request: Request, error: Exception) -> JSONResponse:
        refusal = refusal_of(error)
        if refusal is None:
            raise error
        return answer(request, refusal)

    async def on_parameters(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return answer(request, RefusedError(422, " ".join(map(_sentence, error.errors()))))

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        detail = f"{HTTPStatus(error.status_code).phrase}: see /openapi.json for what there is."
        return answer(request, RefusedError(error.status_code, detail, headers=error.headers))

    for kind in (RefusedError, FoveaError, MemoryError):
        app.add_exception_handler(kind, on_error)
    app.add_exception_handler(RequestValidationError, on_parameters)
    app.add_exception_handler(HTTPException, on_http)


def _sentence(error: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in error["loc"][1:])
    message = error["msg"].removeprefix("Value error, ")
    return f"{name}: {message}." if name else f"{message[:1].upper()}{message[1:]}."
