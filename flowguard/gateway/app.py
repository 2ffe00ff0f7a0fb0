"""The gateway as an ASGI application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from flowguard.errors import FlowGuardError
from flowguard.gateway import metrics
from flowguard.gateway.events import PATH, EventsRoute
from flowguard.gateway.kafka_sink import KafkaSink
from flowguard.gateway.menu import menu
from flowguard.gateway.metrics import Metrics
from flowguard.gateway.openapi import openapi
from flowguard.gateway.page import Storefront
from flowguard.gateway.sessions import PATH as SESSIONS_PATH
from flowguard.gateway.sessions import SessionsRoute
from flowguard.gateway.sink import Sink
from flowguard.settings import Settings

Application = Callable[[Any, Any, Any], Any]


def create_app(settings: Settings, sink: Sink | None = None) -> Application:
    """The gateway over a sink: Kafka's, unless another is given."""
    chosen = sink or KafkaSink(settings)
    counted = Metrics(lambda: chosen.pending)
    events = EventsRoute(settings, chosen, counted)
    rest = _rest(settings, chosen, counted)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        hot = scope["type"] == "http" and scope["path"] == PATH
        await (events if hot else rest)(scope, receive, send)

    return _open_to(settings.gateway_cors_origins, app)


def _rest(settings: Settings, sink: Sink, counted: Metrics) -> Starlette:
    """Everything but events, where speed does not matter."""
    dishes, description = msgspec.json.encode(menu(settings.currency)), msgspec.json.encode(openapi())
    sessions = SessionsRoute(settings)

    async def live(request: Request) -> Response:
        return _json(b'{"status":"live"}')

    async def ready(request: Request) -> Response:
        try:
            await sink.check()
        except FlowGuardError as error:
            return _json(msgspec.json.encode({"status": "not ready", "message": str(error)}), 503)
        return _json(b'{"status":"ready"}')

    async def exposed(request: Request) -> Response:
        return Response(counted.render(), headers={"content-type": metrics.CONTENT_TYPE})

    async def sold(request: Request) -> Response:
        return _json(dishes)

    async def described(request: Request) -> Response:
        return _json(description)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await sink.open()
        try:
            yield
        finally:
            await sink.close()
            await sessions.close()

    routes = [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", exposed),
        Route("/v1/menu", sold),
        Route(SESSIONS_PATH, sessions.answer),
        Route("/openapi.json", described),
        Mount("/", Storefront()),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type="application/json")


def _open_to(origins: tuple[str, ...], app: Application) -> Application:
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "X-API-Key"],
        expose_headers=["Retry-After"],
        max_age=3600,
    )
