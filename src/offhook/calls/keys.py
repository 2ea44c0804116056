"""Keys that a far end pressed and nobody asked for yet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

TWICE = 0.6
"""Seconds within which two tellings of a key are one."""


class KeyBuffer:
    """Bounded: the oldest key is dropped for a new one."""

    def __init__(self, limit: int) -> None:
        self.on_key: Callable[[str], None] | None = None
        """Told of every key, besides the buffer."""
        self.relay: Callable[[str, bool], None] | None = None
        """Told of every key, and whether it came by signalling, for who hears this far end."""
        self._keys: deque[str] = deque(maxlen=limit)
        self._once: deque[tuple[str, bool, float]] = deque(maxlen=limit)
        """Keys that came one way only so far."""
        self._came = asyncio.Event()

    def take(self, key: str, signalled: bool = False) -> None:
        """Keep a key that was pressed. One that comes both by signalling and in audio, within ``TWICE`` seconds, is one key."""
        if self._told_otherwise(key, signalled):
            return
        if self.relay is not None:
            self.relay(key, signalled)
        self._keys.append(key)
        self._came.set()
        if self.on_key is not None:
            self.on_key(key)

    def _told_otherwise(self, key: str, signalled: bool) -> bool:
        now = asyncio.get_running_loop().time()
        for other in self._once:
            if other[:2] == (key, not signalled) and now - other[2] < TWICE:
                self._once.remove(other)
                return True
        self._once.append((key, signalled, now))
        return False

    async def next(self) -> str:
        """The oldest key, once there is one; each is given once."""
        while not self._keys:
            self._came.clear()
            await self._came.wait()
        return self._keys.popleft()

    def flush(self) -> None:
        """Forget them."""
        self._keys.clear()
