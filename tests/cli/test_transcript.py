"""The live transcript: events as lines, and what becomes of a stream that breaks."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from offhook.cli.ready import Ready
from offhook.cli.transcript import Transcript, describe, events
from offhook.security.certificates import local
from offhook.security.tls import ServerTls
from offhook.vocabulary.clock import SystemClock


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            {"event": "asked", "method": "POST", "url": "http://a/b", "status": 200, "elapsed": 0.0123},
            "→ POST http://a/b  200 in 12 ms",
        ),
        (
            {"event": "asked", "method": "GET", "url": "http://a", "status": None, "error": "no connection"},
            "→ GET http://a  failed: no connection",
        ),
        ({"event": "heard", "what": "say", "text": "Hello"}, "“Hello”"),
        ({"event": "heard", "what": "digits", "text": "5"}, "[digits] 5"),
        ({"event": "noticed", "error_code": 12100, "message_text": "not XML"}, "! 12100 not XML"),
        ({"event": "recording", "status": "completed", "duration": 2.25, "sid": "RE1"}, "recorded 2.2 s: RE1"),
        ({"event": "status", "status": "completed", "duration": 4}, "completed after 4 s"),
        ({"event": "status", "status": "ringing"}, ""),
        ({"event": "missed", "count": 3}, "(3 events were missed)"),
        ({"event": "something of a later version"}, ""),
    ],
)
def test_an_event_is_a_line(event: dict[str, Any], line: str) -> None:
    assert describe(event) == line


def test_only_the_data_of_a_stream_is_read() -> None:
    async def stream() -> AsyncIterator[bytes]:
        for line in (b": hello\n", b"event: heard\n", b'data: {"event": "heard"}\r\n', b"\n", b'data:{"a": 1}\n'):
            yield line

    async def main() -> list[dict[str, Any]]:
        return [event async for event in events(stream())]

    assert asyncio.run(main()) == [{"event": "heard"}, {"a": 1}]


def test_what_was_said_is_remembered_in_order() -> None:
    shown: list[str] = []
    transcript = Transcript(_ready("https://127.0.0.1:1", Path("none")), shown.append)
    for text in ("one", "two"):
        transcript.take({"event": "heard", "what": "say", "text": text})
    transcript.take({"event": "heard", "what": "play", "text": "three.wav"})
    assert transcript.said == ["one", "two"]
    assert shown == ["  “one”", "  “two”", "  [play] three.wav"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "the server answered 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\ndata: {}\n", "no transcript"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ndata: {", "no transcript"),
        (b"what?", "no transcript"),
    ],
)
def test_a_stream_that_fails_is_told_and_harmless(answer: bytes, told: str, tmp_path: Path) -> None:
    certificate = local(tmp_path, clock=SystemClock())
    shown: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def main() -> None:
        context = ServerTls([certificate]).context
        assert isinstance(context, ssl.SSLContext)
        async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            ready = _ready(f"https://127.0.0.1:{port}", certificate.ca_file)
            await Transcript(ready, shown.append).follow("CA1")

    asyncio.run(main())
    assert len(shown) == 1, shown
    assert told in shown[0]


def test_a_server_that_is_gone_is_told(tmp_path: Path) -> None:
    certificate = local(tmp_path, clock=SystemClock())
    shown: list[str] = []
    asyncio.run(Transcript(_ready("https://127.0.0.1:1", certificate.ca_file), shown.append).follow("CA1"))
    assert "no transcript" in shown[0]


def _ready(api: str, ca_file: Path) -> Ready:
    return Ready(api=api, ca_file=str(ca_file), sip={}, account_sid="AC1", auth_token="secret", pid=1)
