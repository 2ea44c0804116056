"""OPTIONS as a question that one waits for, where signalling tells of its answer by an event."""

from __future__ import annotations

import asyncio

from offhook.calls.trunks.probing import Pong
from offhook.sip.errors import SipError
from offhook.sip.events import PingAnswered, RequestHandle
from offhook.sip.headers import retry_after
from offhook.sip.signalling import Signalling


class Pinging:
    """Questions that are open."""

    def __init__(self, signalling: Signalling) -> None:
        self._signalling = signalling
        self._open: dict[RequestHandle, asyncio.Future[PingAnswered]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def hear(self, event: PingAnswered) -> None:
        """Take the answer to one of them; one that came too late is nobody's."""
        waiting = self._open.get(event.handle)
        if waiting is not None and not waiting.done():
            waiting.set_result(event)

    async def ping(self, uri: str, timeout: float) -> Pong:
        """Ask ``uri`` and wait ``timeout`` seconds at most."""
        try:
            async with asyncio.timeout(timeout):
                servers = await self._signalling.locate(uri)
            handle = self._signalling.ping(uri, servers)
        except TimeoutError:
            return Pong(code=None, reason=f"its name was not resolved within {timeout:g} s")
        except (SipError, OSError) as error:
            return Pong(code=None, reason=str(error))
        self._open[handle] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                event = await self._open[handle]
        except TimeoutError:
            return Pong(code=None, reason=f"it did not answer OPTIONS within {timeout:g} s")
        finally:
            del self._open[handle]
        if event.response is None:
            return Pong(code=None, reason="it cannot be reached")
        return Pong(code=event.code, retry_after=retry_after(event.response.get("retry-after")))
