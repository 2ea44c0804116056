"""Transfers: a far end asks that the one it talks to talks to somebody else (SIP REFER; RFC 5589).

The target is looked up as if the far end who asks had dialled it, so a transfer reaches nothing that this one may not
call. Until the target has answered the call goes on as it was; from the request on, the other side outlives whoever asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from offhook.calls.active import ActiveCall
from offhook.calls.call import Input
from offhook.calls.dialing import ClientTarget, DialRequest, DialTarget
from offhook.calls.directory import ClientEntry
from offhook.calls.errors import Unroutable
from offhook.calls.leg import Invitation, Referral
from offhook.calls.link import Link
from offhook.calls.ringback import Ringback
from offhook.calls.routing import Route, Routing
from offhook.calls.surroundings import Surroundings
from offhook.media.operation import MediaFailed
from offhook.vocabulary.statuses import CallStatus, Direction

log = structlog.get_logger(__name__)

TRANSFERRED = "transferred"
"""Reason of the hangup that whoever asked for a transfer gets."""


class Board(Protocol):
    """What transfers need of the switchboard."""

    async def ring(self, caller: ActiveCall, target: DialTarget, request: DialRequest) -> ActiveCall:
        """The call, already under way. Raises ``Unroutable``."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Let something go on beside all calls."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class _Transfer:
    """One transfer; calls know it as their ``transfer`` while it has them in hand."""

    by: ActiveCall
    other: ActiveCall
    """Who is transferred."""
    referral: Referral
    before: object | None
    """The transfer that had ``other`` in hand: one that succeeded, and goes on when this one does not."""
    connected: bool = False
    over: bool = False

    def release(self, call: ActiveCall) -> None:
        """Let go of ``call``, unless a later transfer has it by now; who is left alone without a script is hung up."""
        if call.transfer is not self:
            return
        before = self.before if call is self.other else None
        call.transfer = before if isinstance(before, _Transfer) and not before.over else None
        call.changed()
        if call.partner is None and not call.independent:
            call.drop(Input.HANG_UP if call.answered else Input.CANCEL)


class Transfers:
    """Carries out transfers, one of each call at a time."""

    def __init__(self, board: Board, routing: Routing, around: Surroundings) -> None:
        self._board = board
        self._routing = routing
        self._around = around

    def refer(self, call: ActiveCall, referral: Referral) -> None:
        """The far end of ``call`` asks. Returns at once."""
        other = call.partner
        if other is None or call.over or other.over or not call.answered:
            referral.refuse(603)  # nobody is there to be transferred
        elif _under_way(call) or _under_way(other):
            referral.refuse(491)
        else:
            log.info("transfer_asked", call=call.facts.sid, of=other.facts.sid, to=referral.user)
            referral.accept()
            referral.tell(100)
            transfer = _Transfer(by=call, other=other, referral=referral, before=other.transfer)
            other.transfer = transfer
            self._board.spawn(self._transfer(transfer), f"transfer of {other.facts.sid}")

    async def _transfer(self, transfer: _Transfer) -> None:
        code = 500
        try:
            code = await self._blind(transfer)
        except Unroutable as failure:
            code = failure.sip_code
        except MediaFailed as failure:
            log.warning("transfer_failed", call=transfer.other.facts.sid, reason=str(failure))
        finally:
            log.info("transfer_over", call=transfer.other.facts.sid, code=code)
            transfer.over = True
            transfer.referral.tell(code)
            transfer.release(transfer.other)

    async def _blind(self, transfer: _Transfer) -> int:
        """Ring whom the referral names, and put him in the place of who asked; the final status."""
        by, other, referral = transfer.by, transfer.other, transfer.referral
        client = await self._identity(by)
        route = await self._routing.incoming(as_dialled(by, client, referral))
        if route.client is None:
            self._hand_over(by, other, route)
            return 200
        request = DialRequest(
            targets=(),
            caller_id=shown(other),
            timeout=self._around.settings.transfer_timeout,
            headers=() if referral.referred_by is None else (("Referred-By", referral.referred_by),),
            domain=route.client.domain,
        )
        far = await self._board.ring(other, ClientTarget(login=route.client.login), request)
        far.transfer = transfer
        try:
            code = await self._until_answered(other, far, referral)
            if code < 300:
                await self._connect(transfer, (by,), far)
            return code
        finally:
            transfer.release(far)

    def _hand_over(self, by: ActiveCall, other: ActiveCall, route: Route) -> None:
        """Let ``other`` run the application that answers at the number."""
        other.redirect(route.application)
        by.drop(Input.HANG_UP, TRANSFERRED)

    async def _until_answered(self, other: ActiveCall, far: ActiveCall, referral: Referral) -> int:
        """Let ``other`` hear ringing until ``far`` answers; 200, or why not."""
        news = asyncio.Event()
        ringback = Ringback(other)
        told = False
        for call in (other, far):
            call.watchers.add(news.set)
        try:
            await ringback.follow(())
            while not (other.over or far.over or far.answered):
                if far.facts.status is CallStatus.RINGING and not told:
                    told = True
                    referral.tell(180)
                await news.wait()
                news.clear()
        finally:
            for call in (other, far):
                call.watchers.discard(news.set)
            await ringback.stop()
        if other.over:
            return 487
        return 200 if far.answered and not far.over else refusal_of(far)

    async def _connect(self, transfer: _Transfer, leaving: tuple[ActiveCall, ...], far: ActiveCall) -> None:
        """Link the transferred call with ``far``, in place of whatever links both have, and wait until that is over."""
        both = transfer.other, far
        for call in leaving:
            call.transfer = transfer  # no dial of theirs goes on meanwhile
        for call in both:
            if call.part is not None:
                await call.part()
        link = Link(*both, self._around)
        transfer.connected = True
        redirected = [call.redirected for call in both]
        news = asyncio.Event()
        for call in both:
            call.watchers.add(news.set)
        try:
            transfer.referral.tell(200)
            for call in leaving:
                call.drop(Input.HANG_UP, TRANSFERRED)
            while link.stands and not any(call.over for call in both) and redirected == [c.redirected for c in both]:
                await news.wait()
                news.clear()
        finally:
            for call in both:
                call.watchers.discard(news.set)
            await link.end()

    async def _identity(self, by: ActiveCall) -> ClientEntry | None:
        """The client whose far end asks: one that proved itself, or that we rang where it is registered."""
        facts = by.facts
        if by.client is not None or facts.direction is Direction.INBOUND or not facts.to.startswith("client:"):
            return by.client
        return await self._routing.client(facts.to.removeprefix("client:"), facts.sip_domain)


def _under_way(call: ActiveCall) -> bool:
    return isinstance(call.transfer, _Transfer) and not call.transfer.connected


def as_dialled(by: ActiveCall, client: ClientEntry | None, referral: Referral) -> Invitation:
    """The call that ``by`` would make to reach the target by itself."""
    facts = by.facts
    identity = facts.from_ if facts.direction is Direction.INBOUND else facts.to
    return Invitation(
        leg=by.leg,
        to_user=referral.user,
        to_domain=referral.domain,
        from_user=client.login if client is not None else identity,
        from_domain=client.domain if client is not None else facts.sip_domain or "",
        client=client,
        source_ip=facts.source_ip,
    )


def shown(call: ActiveCall) -> str:
    """How the far end of a call reads to somebody who is called on its behalf."""
    facts = call.facts
    return facts.from_ if facts.direction is Direction.INBOUND else facts.to


def refusal_of(far: ActiveCall) -> int:
    """What to say of a target that did not answer."""
    facts = far.facts
    if facts.sip_code is not None and facts.sip_code >= 300:
        return facts.sip_code
    return 408 if facts.status is CallStatus.NO_ANSWER else 480
