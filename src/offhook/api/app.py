"""The REST API as an ASGI application, made of the ports that node.py hands over."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from offhook.api import docs_page, openapi
from offhook.api.dialect import Dialect, Dialects, rendering
from offhook.api.envelope import BodyLimit, Envelope, failure, request_id
from offhook.api.errors import STATUS_CODES, ApiError, Code
from offhook.api.ports import Ports
from offhook.api.resources import ROUTERS
from offhook.api.server import ApiServer, WebSocket
from offhook.api.wire.bodies import json_bytes
from offhook.api.wire.responses import refusal
from offhook.calls.control import CallRefused
from offhook.store.paging import UnknownOrder

OPEN_PATHS: Final = frozenset({"/", "/docs", "/openapi.json"})
"""What is served to anybody: documentation."""


def create_app(ports: Ports) -> ASGIApp:
    """The whole API, with everything that surrounds it."""
    application = routes()
    application.state.ports = ports
    settings = ports.settings
    app: ASGIApp = BodyLimit(application, limit=settings.body_limit)
    return Dialects(Envelope(app, timeout=settings.request_timeout))


def create_server(
    ports: Ports, context: ssl.SSLContext, web_socket: Callable[[tuple[str, int]], WebSocket]
) -> ApiServer:
    """The API on its port, bound and not yet listening; ``web_socket`` as ``ApiServer`` wants it."""
    return ApiServer(
        create_app(ports),
        settings=ports.settings,
        context=context,
        closing=ports.transcripts.close,
        web_socket=web_socket,
    )


def routes() -> FastAPI:
    """The routes alone, which need no ports to be described."""
    application = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for router in ROUTERS:
        application.include_router(router)
    description = openapi.describe(ROUTERS)
    schema = json_bytes(description)
    page = docs_page.render(description).encode()

    async def home(_: Request) -> Response:
        return RedirectResponse("/docs")

    async def specification(_: Request) -> Response:
        return Response(schema, media_type="application/json")

    async def documentation(_: Request) -> Response:
        return Response(page, media_type="text/html", headers={"content-security-policy": docs_page.POLICY})

    application.add_route("/", home, include_in_schema=False)
    application.add_route("/openapi.json", specification, include_in_schema=False)
    application.add_route("/docs", documentation, include_in_schema=False)
    application.add_exception_handler(ApiError, _refused)
    application.add_exception_handler(CallRefused, _call_refused)
    application.add_exception_handler(UnknownOrder, _unknown_order)
    application.add_exception_handler(Exception, _failed)
    application.add_exception_handler(HTTPException, _framework_refused)
    return application


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return refusal(error, rendering(request.scope))


async def _failed(request: Request, error: Exception) -> Response:
    """What no endpoint foresaw; ``Envelope`` logs it."""
    return refusal(failure(error, request_id(request.scope)), rendering(request.scope))


async def _call_refused(request: Request, error: Exception) -> Response:
    """What the switchboard says no to. A call that is over is gone (410) in the 2012-04-24 dialect."""
    assert isinstance(error, CallRefused)
    told = rendering(request.scope)
    match error.code:
        case Code.NOT_IN_PROGRESS:
            status = 400 if told.dialect is Dialect.TWILIO else 410
        case Code.NOT_FOUND:
            status = 404
        case Code.DESTINATION_FORBIDDEN:
            status = 403
        case Code.TOO_MANY_CALLS | Code.TOO_MANY_REQUESTS:
            return refusal(ApiError(429, error.code, str(error), headers={"retry-after": "1"}), told)
        case Code.UNAVAILABLE:
            return refusal(ApiError(503, error.code, str(error), headers={"retry-after": "1"}), told)
        case _:
            status = 400
    return refusal(ApiError(status, error.code, str(error)), told)


async def _unknown_order(request: Request, error: Exception) -> Response:
    return refusal(ApiError(400, Code.INVALID_PARAMETER, f"Parameter SortBy: {error}"), rendering(request.scope))


async def _framework_refused(request: Request, error: Exception) -> Response:
    """404, 405 and malformed multipart bodies, which the framework finds."""
    assert isinstance(error, HTTPException)
    code = STATUS_CODES.get(error.status_code, Code.SERVER_ERROR)
    detail = f"{request.method} {request.scope['path']}: {error.detail}"
    told = ApiError(error.status_code, code, detail, headers=dict(error.headers or {}))
    return refusal(told, rendering(request.scope))
