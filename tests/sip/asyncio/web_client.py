"""A WebSocket client of SIP, on the library's other half."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from offhook.sip.message import Request, Response, parse


class WebClient:
    """``async with WebClient("wss://…")``: opened, and closed at the end."""

    def __init__(self, url: str, *, protocols: list[str] | None = None, **more: Any) -> None:
        offered = [Subprotocol(name) for name in (["sip"] if protocols is None else protocols)]
        self._opening = connect(url, subprotocols=offered or None, compression=None, proxy=None, **more)
        self.socket: ClientConnection

    async def __aenter__(self) -> Self:
        self.socket = await self._opening.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._opening.__aexit__(*error)

    async def says(self, data: bytes) -> None:
        await self.socket.send(data.decode())

    async def hears(self) -> Request | Response:
        """The next message."""
        async with asyncio.timeout(5):
            received = await self.socket.recv()
        return parse(received.encode() if isinstance(received, str) else received)


def believing(ca_file: object) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca_file))
