"""What surrounds every response: a request id, security headers, the limit on bodies, and a last resort for our own bugs.

ASGI layers that know no resource. Bodies are counted as they arrive, so a missing Content-Length does not help.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from offhook.api.dialect import rendering
from offhook.api.errors import ApiError, Code
from offhook.api.wire.responses import refusal
from offhook.store.session import is_conflict, is_outage

log = structlog.get_logger(__name__)

_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_ID: Final = "offhook.request_id"


def request_id(scope: Scope) -> str:
    """The id that the response carries in ``X-Request-Id``, and every log line of the request."""
    found: str = scope.get(_ID, "")
    return found


class Envelope:
    """Outermost layer: identity, headers, time limit, last resort."""

    def __init__(self, app: ASGIApp, *, timeout: float) -> None:
        self._app = app
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[_ID] = secrets.token_hex(8)
        begun = False
        timed = True

        async def framed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                if timed:
                    # Media and event streams take as long as they take, once they have begun.
                    deadline.reschedule(None)
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = scope[_ID]
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            async with asyncio.timeout(self._timeout) as deadline:
                await self._app(scope, receive, framed)
        except Exception as error:
            timed = False
            told = failure(error, scope[_ID])
            if told.status == 500:
                log.exception("api_request_failed", request_id=scope[_ID], method=scope["method"], path=scope["path"])
            elif told.status == 503:
                log.warning("api_request_unserved", request_id=scope[_ID], path=scope["path"], reason=str(error))
            # The router has answered for whatever it raised; what is left comes from the layers around it.
            if not begun:
                await refusal(told, rendering(scope))(scope, receive, framed)


def failure(error: Exception, identity: str) -> ApiError:
    """How an exception that no endpoint foresaw is told to the client."""
    if isinstance(error, ApiError):
        return error
    if is_conflict(error):
        return ApiError(409, Code.CONFLICT, "Somebody else has just made the same. Read it, then decide.")
    if is_outage(error):
        message = "The server cannot do this at present. Try again later."
        return ApiError(503, Code.UNAVAILABLE, message, headers={"retry-after": "2"})
    return ApiError(500, Code.SERVER_ERROR, f"An error on our side. Look for request {identity} in the log.")


class BodyLimit:
    """Refuses bodies of more than ``limit`` bytes with 413."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        # The HTTP parser has checked that the field is a number.
        if int(declared) > self._limit:
            raise self._too_large()
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._limit:
                    raise self._too_large()
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> ApiError:
        # The connection stays open: the server discards the rest, so that the client, still sending, hears why.
        return ApiError(413, Code.BODY_TOO_LARGE, f"The request body is larger than {self._limit} bytes.")
