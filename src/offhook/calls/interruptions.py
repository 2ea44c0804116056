"""What comes between a call and its script: another application, or the end. The end is final and said for ever after."""

from __future__ import annotations

import asyncio

from offhook.calls.script import Application, HungUp, Interruption, Redirected


class Interruptions:
    """Those of one call."""

    def __init__(self) -> None:
        self.redirect: Application | None = None
        """Wanted, and not yet carried out."""
        self.hung_up: HungUp | None = None
        self._news = asyncio.Event()

    def tell(self) -> None:
        """Something may have changed."""
        self._news.set()

    def take(self) -> Application | None:
        """The application that is wanted, once."""
        wanted, self.redirect = self.redirect, None
        return wanted

    async def next(self) -> Interruption:
        """Wait for the next one."""
        while self.hung_up is None:
            if (wanted := self.take()) is not None:
                return Redirected(application=wanted)
            self._news.clear()
            await self._news.wait()
        return self.hung_up
