"""The caller's keys, as the verbs of a call share them: a key that stopped a prompt is still there to be collected."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

BACKLOG: Final = 64
"""Keys that wait to be asked for; beyond it the oldest is dropped."""


class KeyBuffer:
    """Keys in the order in which they were pressed. ``pull`` waits for the next one, ``forget`` drops what it holds."""

    def __init__(self, pull: Callable[[], Awaitable[str]], forget: Callable[[], None]) -> None:
        self._pull = pull
        self._forget = forget
        self._waiting: deque[str] = deque(maxlen=BACKLOG)

    async def next(self, timeout: float) -> str | None:
        """The next key, or None after ``timeout`` seconds."""
        if self._waiting:
            return self._waiting.popleft()
        try:
            async with asyncio.timeout(timeout):
                return await self._pull()
        except TimeoutError:
            return None

    async def one_of(self, keys: str) -> None:
        """Wait until a key of ``keys`` is there; it and those before it stay to be collected."""
        while not any(key in keys for key in self._waiting):
            self._waiting.append(await self._pull())

    def flush(self) -> None:
        """Forget what was pressed so far."""
        self._waiting.clear()
        self._forget()
