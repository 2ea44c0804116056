"""Cuts a byte stream into SIP messages (RFC 3261 §18.3) and keep-alives (RFC 5626 §3.5.1). Does not read the messages."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.message import MAX_BODY, MAX_HEAD

_CONTENT_LENGTH: Final = re.compile(rb"\r\n(?:content-length|l)[ \t]*:\s*([^\r]*)", re.IGNORECASE)


class KeepAlive(Enum):
    """What may stand between messages."""

    PING = b"\r\n\r\n"
    """Wants a PONG back."""
    PONG = b"\r\n"


class StreamFramer:
    """One connection's bytes that are no whole message yet. After an error the connection is beyond repair: close it."""

    def __init__(self, *, max_head: int = MAX_HEAD, max_body: int = MAX_BODY) -> None:
        """Bounds in bytes; ``receive`` refuses what is longer."""
        self._max_head = max_head
        self._max_body = max_body
        self._buffer = bytearray()
        self._searched = 0
        self._wanted = 0
        """Length of the message whose head is complete; 0 while it is not."""

    def receive(self, data: bytes) -> list[bytes | KeepAlive]:
        """Take what arrived and return what it completed, in order. Raises ``RemoteProtocolError``."""
        self._buffer += data
        complete: list[bytes | KeepAlive] = []
        position = 0
        while (frame := self._next(position)) is not None:
            complete.append(frame)
            position += len(frame.value if isinstance(frame, KeepAlive) else frame)
        if position:
            del self._buffer[:position]
            self._searched = max(0, self._searched - position)
        return complete

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their message."""
        return len(self._buffer)

    def _next(self, position: int) -> bytes | KeepAlive | None:
        buffer = self._buffer
        if not self._wanted:
            if buffer[position : position + 1] == b"\r":
                return self._keep_alive(position)
            if position >= len(buffer):
                return None
            if not 0x20 < buffer[position] < 0x7F:
                raise RemoteProtocolError("what begins here is no message")  # a TLS handshake, for instance
            if not self._measure(position):
                return None
        if len(buffer) - position < self._wanted:
            return None
        frame = bytes(buffer[position : position + self._wanted])
        self._searched = position + self._wanted
        self._wanted = 0
        return frame

    def _keep_alive(self, position: int) -> KeepAlive | None:
        """A ping is two line breaks; one that is followed by anything else, or by nothing yet, is a pong.

        A ping cut in two by the network is therefore seen as two pongs, which costs the peer one retry.
        """
        ahead = self._buffer[position : position + 4]
        if ahead == KeepAlive.PING.value:
            return KeepAlive.PING
        if ahead[:2] == KeepAlive.PONG.value:
            return KeepAlive.PONG
        if ahead == b"\r":
            return None
        raise RemoteProtocolError("a stray CR between messages")

    def _measure(self, position: int) -> bool:
        """Find the end of the head and with it the length of the message; whether it is known now."""
        buffer = self._buffer
        # Three bytes of what was searched before may be the first of the blank line; all else is searched once.
        end = buffer.find(b"\r\n\r\n", max(position, self._searched - 3))
        self._searched = len(buffer)
        if (len(buffer) if end < 0 else end) - position > self._max_head:
            raise RemoteProtocolError("the headers are too long", 513)
        if end < 0:
            return False
        lengths = _CONTENT_LENGTH.findall(buffer, position, end)
        if len(set(lengths)) > 1:
            raise RemoteProtocolError("two different values of Content-Length")
        length = _length(bytes(lengths[0])) if lengths else 0
        if length > self._max_body:
            raise RemoteProtocolError("the body is too long", 513)
        self._wanted = end + 4 - position + length
        return True


def _length(text: bytes) -> int:
    text = text.strip()
    if not text.isdigit() or len(text) > 9:
        raise RemoteProtocolError("Content-Length is not a number")
    return int(text)
