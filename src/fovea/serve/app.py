"""The application: the calls of ``/v1``, the page, and the health checks and metrics for operators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from fovea.distribution import __version__
from fovea.serve import page
from fovea.serve.bodies import Intake
from fovea.serve.coding import Coding
from fovea.serve.logs import log_as_json
from fovea.serve.metrics import Metrics, forget_ended_processes
from fovea.serve.observer import Observer
from fovea.serve.pool import Pool
from fovea.serve.problems import Problem, add_handlers
from fovea.serve.routes import router
from fovea.serve.service import Service
from fovea.serve.settings import Settings

_DESCRIPTION = "Encodes and decodes images with Fovea, an image codec for machines."

_operators = APIRouter(include_in_schema=False)


def create_app(settings: Settings) -> FastAPI:
    """Return the application, an ASGI one.

    Args:
        settings: how the service runs. Host, port and number of processes are not used here, but by the server.

    Raises:
        FoveaError: a model or the engine cannot be used.
    """
    log_as_json()
    forget_ended_processes()
    coding, metrics = Coding(settings), Metrics()
    coding.warm_up()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        limits = settings.limits
        pool = Pool(limits.jobs, limits.queue)
        metrics.watch(lambda: pool.waiting, lambda: pool.running)
        app.state.service = Service(settings, coding, pool, Intake(limits), metrics)
        yield
        pool.close()

    app = FastAPI(
        title="Fovea",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,  # the pages of FastAPI load scripts from another host
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=_name,
    )
    app.include_router(router)
    app.include_router(_operators)
    app.include_router(page.router)
    app.add_middleware(Observer, metrics=metrics)
    add_handlers(app)
    _describe_problems(app)
    return app


@_operators.api_route("/healthz", methods=["GET", "HEAD"])
async def health() -> JSONResponse:
    """Answer that the process is alive."""
    return JSONResponse({"status": "ok"})


@_operators.api_route("/readyz", methods=["GET", "HEAD"])
async def readiness(request: Request) -> JSONResponse:
    """Answer whether a picture would be accepted now."""
    full = request.app.state.service.pool.full
    return JSONResponse({"status": "full" if full else "ready"}, 503 if full else 200)


@_operators.get("/metrics")
async def metrics(request: Request) -> Response:
    """Answer with the metrics, for Prometheus."""
    content, media_type = request.app.state.service.metrics.page()
    return Response(content, headers={"Content-Type": media_type})


def _name(route: APIRoute) -> str:
    """Return the name of a call in generated clients."""
    return route.name


def _describe_problems(app: FastAPI) -> None:
    """Add the schema of problems to the OpenAPI description, because the answers refer to it."""
    describe = app.openapi

    def openapi() -> dict[str, object]:
        schema = describe()
        schema.setdefault("components", {}).setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
