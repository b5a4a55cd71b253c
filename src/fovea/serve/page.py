"""The page at ``/``, whose files are part of the package."""

from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

_FILES = {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "service.js": "text/javascript; charset=utf-8",
    "viewer.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""The files of the page, and their types. No other file is ever read."""
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def index() -> Response:
    """Answer with the page."""
    return _answer("index.html")


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """Answer with a file of the page."""
    if name not in _FILES:
        raise HTTPException(404)
    return _answer(name)


def _answer(name: str) -> Response:
    return Response(_content(name), headers=_HEADERS | {"Content-Type": _FILES[name]})


@cache
def _content(name: str) -> bytes:
    return files("fovea.serve").joinpath("assets", name).read_bytes()
