"""SIP over a byte stream, TCP or TLS: it knows no SIP but where one message ends and the next begins."""

from __future__ import annotations

import structlog

from offhook.sip.asyncio.connection import Connection
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.framing import KeepAlive, StreamFramer

_LOG = structlog.get_logger(__name__)


class StreamConnection(Connection):
    """Cuts what arrives into messages, and answers pings between them (RFC 5626 §4.4.1)."""

    _framer: StreamFramer | None = None

    def data_received(self, data: bytes) -> None:
        framer = self._framer = self._framer or StreamFramer()
        try:
            frames = framer.receive(data)
        except RemoteProtocolError as error:
            _LOG.debug("connection closed: unreadable", peer=self.flow.host, error=str(error))
            self.abort()
            return
        owner = self._owner
        for frame in frames:
            if isinstance(frame, bytes):
                self.brings(frame)
                continue
            owner.touched(self)
            if frame is KeepAlive.PING:
                self.write(KeepAlive.PONG.value)
            else:
                self.ponged()
        owner.waits(self, begun=bool(framer.pending), anew=bool(frames))
        owner.on_batch()

    def send(self, data: bytes) -> None:
        self.write(data)

    def keep_alive(self) -> None:
        self.write(KeepAlive.PING.value)
