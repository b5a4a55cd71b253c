"""The page on which a stream is watched."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import StreamingResponse
from PIL import Image

from fovea.camera.watching import Shown

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""Host names of this machine, as in a URL."""
_FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_JPEG_QUALITY = 85
_POLL_S = 0.05
"""Seconds between two checks for a new picture."""
_ALIVE_S = 10.0
"""Seconds without an event after which a comment is sent."""


class Stage:
    """Holds the newest picture for any number of pages. Older pictures are dropped, so a slow page misses some."""

    def __init__(self) -> None:
        self._current: tuple[int, Shown, bytes] | None = None

    def show(self, shown: Shown) -> None:
        """Replace the picture."""
        jpeg = io.BytesIO()
        Image.fromarray(shown.pixels).save(jpeg, "JPEG", quality=_JPEG_QUALITY)
        number = self._current[0] + 1 if self._current else 0
        self._current = number, shown, jpeg.getvalue()

    @property
    def jpeg(self) -> bytes | None:
        """The picture as JPEG; None if there is none yet."""
        return self._current[2] if self._current else None

    def event(self, after: int) -> tuple[int, dict[str, Any]] | None:
        """Return the number and the description of the picture, or None if its number is not larger than ``after``."""
        if self._current is None or self._current[0] <= after:
            return None
        number, shown, _ = self._current
        height, width = shown.pixels.shape[:2]
        return number, {
            "number": number,
            "frame": shown.frame,
            "width": width,
            "height": height,
            "delay": round(shown.done - shown.taken, 3),
            "age": round(time.time() - shown.done, 3),
            "kbps": round(shown.kbps, 1),
            "fps": round(shown.fps, 1),
            "whole": shown.whole,
            "objects": list(shown.objects),
        }


def create_app(stage: Stage, hosts: Sequence[str] = LOCAL_NAMES) -> FastAPI:
    """Return the application with the page, its pictures and its events.

    Args:
        stage: holder of the picture that is shown.
        hosts: host names that requests may have; "*" allows all. If only names of this machine are allowed, no other
            site can read the pictures by pointing its own name to the address of this machine (DNS rebinding).
    """
    app = FastAPI(openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    folder = files("fovea.camera") / "page"

    for path, (name, kind) in _FILES.items():
        app.add_api_route(f"/{path}", _file((folder / name).read_bytes(), kind))

    @app.get("/frame.jpg")
    def frame() -> Response:
        jpeg = stage.jpeg
        if jpeg is None:
            return Response(status_code=404, headers=_HEADERS)
        return Response(jpeg, media_type="image/jpeg", headers=_HEADERS)

    @app.get("/events")
    async def events(request: Request) -> StreamingResponse:
        return StreamingResponse(_events(stage, request), media_type="text/event-stream", headers=_HEADERS)

    return app


def _file(content: bytes, kind: str) -> Callable[[], Response]:
    def read() -> Response:
        return Response(content, media_type=kind, headers=_HEADERS)

    return read


async def _events(stage: Stage, request: Request) -> AsyncIterator[str]:
    """Yield the description of each new picture, and regularly a comment, by which a closed page is noticed."""
    after, last = -1, time.monotonic()
    while not await request.is_disconnected():
        if event := stage.event(after):
            after, last = event[0], time.monotonic()
            yield f"data: {json.dumps(event[1])}\n\n"
        elif time.monotonic() - last > _ALIVE_S:
            last = time.monotonic()
            yield ": alive\n\n"
        await asyncio.sleep(_POLL_S)
