"""The ladder of a call: every SIP message that passed between us and its far ends, in order.

A ``Tap`` hears the bytes as they come and go; nothing is copied and nothing is parsed but the Call-ID.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from offhook.sip.capture.masking import masked
from offhook.sip.flow import Flow, HostPort
from offhook.sip.grammar import presentable

Entry = tuple[float, bool, Flow, bytes, int]
"""One message: seconds on the monotonic clock, whether we sent it, the far side, its bytes, and how many they were."""

_USUAL: Final = b"\r\nCall-ID: "
_ANY: Final = re.compile(rb"\r\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CSEQ: Final = re.compile(rb"\r\nCSeq[ \t]*:[ \t]*[0-9]+[ \t]+([^\s]+)", re.IGNORECASE)
_SDP: Final = re.compile(rb"\r\n(?:content-type|c)[ \t]*:[ \t]*(?:application/sdp|multipart/)", re.IGNORECASE)


class Tap(Protocol):
    """Hears every message of a SIP endpoint. ``host`` of a flow is an address, never a name."""

    def received(self, data: bytes, source: Flow) -> None:
        """A message came in, well formed or not."""
        ...

    def sent(self, data: bytes, destination: Flow) -> None:
        """A message is handed to the transport."""
        ...


class Deaf:
    """A tap that hears nothing."""

    def received(self, data: bytes, source: Flow) -> None:
        """Nothing."""

    def sent(self, data: bytes, destination: Flow) -> None:
        """Nothing."""


def call_id_of(data: bytes) -> bytes:
    """The Call-ID of a message, without parsing it; empty when there is none."""
    start = data.find(_USUAL)
    if start >= 0 and data.find(b"\r\n\r\n", 0, start) < 0:
        return data[start + len(_USUAL) : data.find(b"\r", start + 2)].strip()
    found = _ANY.search(data.partition(b"\r\n\r\n")[0])
    return b"" if found is None else found[1].strip()


class Ladder:
    """The messages of one Call-ID. Drop rule: past ``most`` those in the middle go, so that beginning and end remain."""

    __slots__ = ("dropped", "entries", "size")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.dropped = 0
        self.size = 0
        """Bytes held."""

    def add(self, entry: Entry, most: int) -> int:
        """Append a message; gives by how many bytes the ladder grew."""
        entries = self.entries
        grown = len(entry[3])
        if len(entries) >= most:
            grown -= len(entries.pop(most // 2)[3])
            self.dropped += 1
        entries.append(entry)
        self.size += grown
        return grown


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """One message of a call, as it may be shown: credentials are masked."""

    at: datetime
    """UTC."""
    leg: str
    """Sid of the call whose far end it was."""
    sent: bool
    """By us, or received."""
    local: HostPort
    """Our side, as the far end knows it."""
    peer: Flow
    data: bytes
    """Masked, and cut where the message was longer than what is kept."""
    size: int
    """Bytes that passed."""

    @property
    def source(self) -> HostPort:
        return self.local if self.sent else HostPort(self.peer.host, self.peer.port)

    @property
    def destination(self) -> HostPort:
        return HostPort(self.peer.host, self.peer.port) if self.sent else self.local

    @property
    def text(self) -> str:
        """The message as text."""
        return self.data.decode("utf-8", "replace")

    @property
    def summary(self) -> str:
        """``INVITE``, ``200 OK (BYE)``; with ``sdp`` behind it where a session is described."""
        head = self.data.partition(b"\r\n\r\n")[0]
        first = head.partition(b"\r\n")[0].decode("utf-8", "replace")
        described = " sdp" if _SDP.search(head) else ""
        version, _, rest = first.partition(" ")
        if version.upper() != "SIP/2.0":
            return presentable(f"{version[:40]}{described}")
        method = _CSEQ.search(head)
        of = method[1].decode("ascii", "replace")[:20] if method else "?"
        return presentable(f"{rest[:60]} ({of}){described}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLadder:
    """What is known of the signalling of a call: its legs side by side, in the order of time."""

    messages: tuple[Captured, ...]
    dropped: int = 0
    """Messages that passed and were not kept."""


def shown(entry: Entry, *, leg: str, at: datetime, local: HostPort) -> Captured:
    """An entry as it may leave the process."""
    _, sent, peer, data, size = entry
    return Captured(at=at, leg=leg, sent=sent, local=local, peer=peer, data=masked(data), size=size)


def repeated(messages: Iterable[Captured]) -> list[bool]:
    """For each message whether the very same bytes passed the same way before: a retransmission."""
    seen: set[tuple[bool, HostPort, bytes]] = set()
    marks = []
    for message in messages:
        key = (message.sent, HostPort(message.peer.host, message.peer.port), message.data)
        marks.append(key in seen)
        seen.add(key)
    return marks
