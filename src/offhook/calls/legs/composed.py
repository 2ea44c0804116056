"""What legs that are made of others share: they are calls of ours, and they end once."""

from __future__ import annotations

from collections.abc import Callable

from offhook.calls.leg import LegEnded, LegEvent, LegFailed


class ComposedLeg:
    """One leg over several outgoing ones."""

    trunk: str | None = None

    def __init__(self) -> None:
        self._listener: Callable[[LegEvent], None] = lambda _: None
        self._ended = False

    def listen(self, listener: Callable[[LegEvent], None]) -> None:
        self._listener = listener

    def ring(self) -> None:
        """Nothing: nobody calls us."""

    async def progress(self) -> None:
        raise LegFailed("a call that we make is not ours to let progress")

    async def answer(self) -> None:
        raise LegFailed("a call that we make cannot be answered by us")

    def refuse(self, sip_code: int, reason: str) -> None:
        self.drop(reason)

    def drop(self, reason: str = "") -> None:
        if self._ended:
            return
        self._ended = True
        self._drop_all(reason)
        self._listener(LegEnded(by_far_end=False, reason=reason))

    def _drop_all(self, reason: str) -> None:
        """Drop the legs that it is made of."""
        raise NotImplementedError
