"""A caller: the leg of an INVITE that came in. What it shares with the legs that we make is in ``sip``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from offhook.calls.leg import LegAnswered, LegEnded, LegFailed
from offhook.calls.legs.causes import FarEnd
from offhook.calls.legs.negotiation import Negotiation
from offhook.calls.legs.sip import Line, SipLeg
from offhook.media.operation import MediaFailed
from offhook.sip import events as sip
from offhook.sip.errors import RemoteProtocolError


class IncomingLeg(SipLeg):
    """A caller."""

    def __init__(self, line: Line, negotiation: Negotiation, incoming: sip.IncomingCall) -> None:
        super().__init__(line, negotiation)
        self._offer = incoming.offer
        self._reliable = incoming.reliable
        self._source = incoming.source
        negotiation.signalled_over(incoming.source)
        self._call_id = incoming.request.call_id
        self._confirmed = asyncio.Event()
        self._answering = False
        self._early: bytes | None = None
        """What we said to their INVITE, once we did: a 2xx repeats what a 183 said (RFC 3261 section 13.2.1)."""
        self._agreed = asyncio.Event()
        """Their answer to an offer of ours that went before the 2xx has come."""
        self._opening = asyncio.Lock()
        self._release: Callable[[], None] = lambda: None
        self._attach(incoming.call)

    def occupy(self, release: Callable[[], None]) -> None:
        """Hold a place of a trunk, which ``release`` gives back, until the leg is over."""
        if self._ended:
            release()
        else:
            self._release = release

    async def progress(self) -> None:
        """A caller who made no offer gets ours, if that is sure to arrive; else he hears nothing before the answer."""
        if self._ended or self._answering or self._early is not None:
            return
        with self._failing():
            if self._offer is not None:
                self._say_progress(await self._agree(self._offer))
            elif self._reliable:
                await self._open()
                self._early = self._negotiation.offer()
                self._say_progress(self._early)
                await self._agreed.wait()

    def _say_progress(self, ours: bytes) -> None:
        if not self._ended and not self._answering and self._handle is not None:
            self._line.signalling.ring(self._handle, 183, sdp=ours, headers=self._headers)

    async def answer(self) -> None:
        if self._ended or self._answering:
            return
        self._answering = True
        with self._failing():
            await (self._offer_ours() if self._offer is None else self._answer_theirs(self._offer))

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What goes wrong in negotiating is said as a refusal, unless the leg has ended meanwhile."""
        try:
            yield
        except (MediaFailed, RemoteProtocolError) as error:
            if not self._ended:
                code = error.status_hint if isinstance(error, RemoteProtocolError) else 500
                raise LegFailed(str(error), code) from error

    async def _agree(self, offer: bytes) -> bytes:
        """Our answer to their offer, and audio as it says."""
        async with self._opening:
            if self._early is None:
                await self._open()
                self._early, agreement = self._negotiation.answer(offer)
                await self._follow(agreement)
            return self._early

    async def _open(self) -> None:
        await self._negotiation.open(self._line.signalling.local_address(self._source).host, self._offer)

    async def _answer_theirs(self, offer: bytes) -> None:
        ours = await self._agree(offer)
        if not self._ended and self._handle is not None:
            self._line.signalling.answer(self._handle, ours, self._headers)
            self._listener(LegAnswered())

    async def _offer_ours(self) -> None:
        """An INVITE without SDP: our 200 makes the offer, their ACK the answer; or a 183 and its PRACK did before."""
        await self._open()
        if self._ended or self._handle is None:
            return
        self._line.signalling.answer(self._handle, self._early or self._negotiation.offer(), self._headers)
        if self._early is None:
            await self._confirmed.wait()
        else:
            await self._agreed.wait()
            self._say_answered()

    def _say_answered(self) -> None:
        if not self._ended:
            self._listener(LegAnswered())

    def _take_answer(self, sdp: bytes | None) -> None:
        if self._offer is None and not self._agreed.is_set() and self._early is not None:
            self._line.spawn(self._guard(self._agree_early(sdp)))
        else:
            super()._take_answer(sdp)

    async def _agree_early(self, sdp: bytes | None) -> None:
        await self._follow_answer(sdp)
        self._agreed.set()

    def _hear_setup(self, event: sip.Event) -> None:
        late = self._offer is None and self._early is None
        if isinstance(event, sip.CallConfirmed) and late and not self._confirmed.is_set():
            self._line.spawn(self._guard(self._confirm(event.sdp)))

    def _far_end(self) -> FarEnd:
        return FarEnd(uri="the caller", ways=(self._source,))

    async def _confirm(self, sdp: bytes | None) -> None:
        await self._follow_answer(sdp)
        self._say_answered()
        self._confirmed.set()

    def _end(self, ended: LegEnded) -> None:
        self._confirmed.set()
        self._agreed.set()
        self._release()
        super()._end(ended)
