"""Keys that a far end pressed and nobody asked for yet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class KeyBuffer:
    """Bounded: the oldest key is dropped for a new one."""

    def __init__(self, limit: int) -> None:
        self.on_key: Callable[[str], None] | None = None
        """Told of every key, besides the buffer."""
        self._keys: deque[str] = deque(maxlen=limit)
        self._came = asyncio.Event()

    def take(self, key: str) -> None:
        """Keep a key that was pressed."""
        self._keys.append(key)
        self._came.set()
        if self.on_key is not None:
            self.on_key(key)

    async def next(self) -> str:
        """The oldest key, once there is one; each is given once."""
        while not self._keys:
            self._came.clear()
            await self._came.wait()
        return self._keys.popleft()

    def flush(self) -> None:
        """Forget them."""
        self._keys.clear()
