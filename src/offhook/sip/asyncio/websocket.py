"""SIP over WebSocket (RFC 7118): the opening handshake, one message a frame, pings. Frames are the library's business, and
SIP is the endpoint's. Only servers are spoken for: nobody but its client can open such a connection.
"""

from __future__ import annotations

import asyncio
import http
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Origin, Subprotocol

from offhook.sip.asyncio.connection import Connection
from offhook.sip.asyncio.listeners import Place
from offhook.sip.framing import KeepAlive
from offhook.sip.message import MAX_BODY, MAX_HEAD

if TYPE_CHECKING:
    from offhook.sip.asyncio.connections import Connections

_LOG = structlog.get_logger(__name__)
_SUBPROTOCOL: Final = Subprotocol("sip")
_LARGEST: Final = MAX_HEAD + MAX_BODY
_SILENT: Final = logging.getLogger("offhook.websocket")
"""What the library would say of each connection."""
_SILENT.disabled = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """Who may open a WebSocket."""

    origins: tuple[str, ...] = ()
    """Values of Origin, the site whose page connects (RFC 6454); empty: every one, and clients that are no browsers."""
    path: str = ""
    """The only path of the URL that is answered; empty: each."""


class WebSocketConnection(Connection):
    """One client's connection."""

    def __init__(self, owner: Connections, place: Place, welcome: Welcome) -> None:
        super().__init__(owner, place.transport, place=place)
        origins = [*map(Origin, welcome.origins)] or None
        self._protocol = ServerProtocol(origins=origins, subprotocols=[_SUBPROTOCOL], max_size=_LARGEST, logger=_SILENT)
        self._path = welcome.path
        self._parts: list[bytes] = []
        """Of a message in several frames; the library bounds their sum."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._owner.waits(self, begun=True, anew=True)  # for the handshake, as long as for a message

    def data_received(self, data: bytes) -> None:
        protocol, whole = self._protocol, False
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Request):
                whole = True
                self._shake_hands(event)
            elif isinstance(event, Frame) and protocol.state is not State.CONNECTING:
                whole = self._take(event) or whole
        self._flush()
        begun = bool(self._parts or protocol.reader.buffer) or protocol.state is State.CONNECTING
        self._owner.waits(self, begun=begun, anew=whole)
        self._owner.on_batch()

    def send(self, data: bytes) -> None:
        if self._protocol.state is not State.OPEN:
            return
        if _is_text(data):
            self._protocol.send_text(data)
        else:
            self._protocol.send_binary(data)
        self._flush()

    def keep_alive(self) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_ping(b"")
            self._flush()

    def _shake_hands(self, request: Request) -> None:
        protocol = self._protocol
        if protocol.close_expected():
            return  # what followed the request, before it was answered, broke the protocol already
        path = request.path.partition("?")[0]
        if self._path and path != self._path:
            response: Response = protocol.reject(http.HTTPStatus.NOT_FOUND, f"SIP is spoken at {self._path}.\n")
        else:
            response = protocol.accept(request)
        if response.status_code != http.HTTPStatus.SWITCHING_PROTOCOLS:
            why = bytes(response.body or b"").decode().partition("\n")[0]
            _LOG.info("websocket refused", peer=self.flow.host, status=response.status_code, why=why)
        protocol.send_response(response)

    def _take(self, frame: Frame) -> bool:
        """Whether something whole arrived."""
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY | Opcode.CONT:
                self._parts.append(bytes(frame.data))
                if not frame.fin:
                    return False
                message, self._parts = b"".join(self._parts), []
                if message == KeepAlive.PING.value:
                    self._owner.touched(self)
                    self.send(KeepAlive.PONG.value)
                else:
                    self.brings(message)
            case Opcode.PONG:
                self._owner.touched(self)
                self.ponged()
            case Opcode.PING:
                self._owner.touched(self)  # the library has answered it
            case _:
                pass
        return True

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self.write(data)
            else:
                self.finish()


def _is_text(data: bytes) -> bool:
    """Whether a text frame may carry it: UTF-8 (RFC 6455 §5.6)."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
