"""Refusals, and how errors become answers in the form of RFC 9457, "Problem Details for HTTP APIs"."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from fovea.errors import EngineError, FoveaError, LimitError, ModelError

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Why a request was refused."""

    type: str = Field(
        "about:blank", description="Kind of the problem: always about:blank, because the status names it."
    )
    title: str = Field(description="The status in words.", examples=["Content Too Large"])
    status: int = Field(ge=400, le=599, description="The status of the answer.")
    detail: str = Field(description="What is wrong and what to do, in a sentence.")
    request_id: str = Field(description="The X-Request-Id of the answer, which the log of the service has too.")


class RefusedError(Exception):
    """A request that is not carried out.

    Args:
        status: status of the answer.
        detail: what is wrong and what to do, in a sentence.
        reason: one word for the metrics; empty if no limit was reached.
        headers: further headers of the answer.
    """

    def __init__(self, status: int, detail: str, reason: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.reason, self.headers = status, detail, reason, dict(headers or {})


class ClientGoneError(Exception):
    """The client has closed the connection, so no answer can be sent."""


def problem_of(status: int, detail: str, request_id: str) -> Problem:
    """Return the problem of an answer.

    Args:
        status: status of the answer.
        detail: what is wrong and what to do, in a sentence.
        request_id: id of the request.
    """
    return Problem(
        type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail, request_id=request_id
    )


def refusal_of(error: Exception) -> RefusedError | None:
    """Return the refusal for an error of Fovea; None for an unexpected error."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, MemoryError):
        return RefusedError(503, "There is not enough memory for this picture now.", "memory", {"Retry-After": "10"})
    if not isinstance(error, FoveaError) or isinstance(error, EngineError | ModelError):
        return None  # the engine and the files of the models are those of the service
    # The path is left out: if there is one, it is a path on the machine of the service.
    detail = ": ".join(part for part in (error.entry, error.reason) if part)
    sentence = f"{detail[:1].upper()}{detail[1:]}."
    return RefusedError(413, sentence, "pixels") if isinstance(error, LimitError) else RefusedError(422, sentence)


def answer(request: Request, refusal: RefusedError) -> JSONResponse:
    """Return the answer to a request that is refused."""
    request.state.rejected = refusal.reason
    problem = problem_of(refusal.status, refusal.detail, request.state.request_id)
    return JSONResponse(problem.model_dump(), refusal.status, refusal.headers, MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Make an application answer errors with problems."""

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
        detail = f"{HTTPStatus(error.status_code).phrase}: /openapi.json describes all calls."
        return answer(request, RefusedError(error.status_code, detail, headers=error.headers))

    for kind in (RefusedError, FoveaError, MemoryError):
        app.add_exception_handler(kind, on_error)
    app.add_exception_handler(RequestValidationError, on_parameters)
    app.add_exception_handler(HTTPException, on_http)


def _sentence(error: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in error["loc"][1:])
    message = error["msg"].removeprefix("Value error, ")
    return f"{name}: {message}." if name else f"{message[:1].upper()}{message[1:]}."
