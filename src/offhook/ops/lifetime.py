"""The lifetime of a program's parts: what was started last is stopped first, and background work is among the parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self


class Lifetime(AsyncExitStack):
    """An exit stack with a task group at its bottom. Work that breaks takes everything down, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.enter_async_context(self._tasks)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await super().__aexit__(kind, error, trace)

    async def background(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` from now until its turn to be cancelled comes."""
        await self.enter_async_context(self._running(name, work))
        await asyncio.sleep(0)  # let it come as far as its first wait

    @asynccontextmanager
    async def _running(self, name: str, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
        task = self._tasks.create_task(work, name=name)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
