"""The live transcript of a call: the server's event stream of that call, as lines for a person."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any

import aiohttp

from offhook.cli.api import asked
from offhook.cli.ready import Ready

CONNECT_TIMEOUT = 5.0


class Transcript:
    """Follows one call and shows each event as a line; remembers what the application said."""

    def __init__(self, ready: Ready, show: Callable[[str], None]) -> None:
        self._ready = ready
        self._show = show
        self.said: list[str] = []
        """Texts that the application had spoken, in order."""

    async def follow(self, call_sid: str) -> None:
        """Until the call ends or the stream breaks, which is told and otherwise harmless."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT)
        try:
            async with asked(self._ready, "GET", f"Calls/{call_sid}/EventStream", timeout=timeout) as response:
                if response.status != 200:
                    self._show(f"  (no transcript: the server answered {response.status})")
                    return
                async for event in events(response.content):
                    self.take(event)
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            self._show(f"  (no transcript: {error})")

    def take(self, event: dict[str, Any]) -> None:
        """Show one event."""
        if event.get("event") == "heard" and event.get("what") == "say":
            self.said.append(event["text"])
        line = describe(event)
        if line:
            self._show(f"  {line}")


async def events(stream: AsyncIterable[bytes]) -> AsyncIterator[dict[str, Any]]:
    """The JSON objects in a text/event-stream."""
    async for raw in stream:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))


def describe(event: dict[str, Any]) -> str:
    """One event as a line; empty for what the phone shows itself."""
    match event:
        case {"event": "asked", "status": None}:
            return f"→ {event['method']} {event['url']}  failed: {event['error']}"
        case {"event": "asked"}:
            return f"→ {event['method']} {event['url']}  {event['status']} in {event['elapsed'] * 1000:.0f} ms"
        case {"event": "heard", "what": "say"}:
            return f"“{event['text']}”"
        case {"event": "heard"}:
            return f"[{event['what']}] {event['text']}"
        case {"event": "conference"}:
            return f"[conference {event['name']}] {event['what']}"
        case {"event": "noticed"}:
            return f"! {event['error_code']} {event['message_text']}"
        case {"event": "recording", "status": "completed"}:
            return f"recorded {event['duration']:.1f} s: {event['sid']}"
        case {"event": "status", "status": "completed"}:
            return f"completed after {event['duration']} s"
        case {
            "event": "status",
            "status": "busy" | "no-answer" | "failed" | "canceled" as status,
            "reason": str(reason),
        }:
            return f"{status}: {reason}"
        case {"event": "missed"}:
            return f"({event['count']} events were missed)"
    return ""
