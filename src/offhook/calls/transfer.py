"""Transfers: a far end asks that the one it talks to talks to somebody else (SIP REFER; RFC 5589).

The target is looked up as if the far end who asks had dialled it, so a transfer reaches nothing that this one may not
call. Until the target has answered the call goes on as it was; from the request on, the other side outlives whoever asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

import structlog

from offhook.calls.active import ActiveCall
from offhook.calls.call import Input
from offhook.calls.dialing import ClientTarget, DialRequest, DialTarget
from offhook.calls.directory import ClientEntry
from offhook.calls.errors import Unroutable
from offhook.calls.joining import TRANSFERRED, connect
from offhook.calls.leg import DialogName, Invitation, Referral
from offhook.calls.ringback import Ringback
from offhook.calls.routing import Routing
from offhook.calls.script import Application
from offhook.calls.surroundings import Surroundings
from offhook.calls.transferring import Transfer, under_way
from offhook.media.operation import MediaFailed
from offhook.media.opposite import opposite
from offhook.media.progress_tones import Signal, tones
from offhook.vocabulary.statuses import CallStatus, Direction

log = structlog.get_logger(__name__)


class Board(Protocol):
    """What transfers need of the switchboard."""

    async def ring(self, caller: ActiveCall, target: DialTarget, request: DialRequest) -> ActiveCall:
        """The call, already under way. Raises ``Unroutable``."""
        ...

    def find(self, dialog: DialogName) -> ActiveCall | None:
        """The live call of a dialog."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Let something go on beside all calls."""
        ...


class Transfers:
    """Carries out transfers, one of each call at a time."""

    def __init__(self, board: Board, routing: Routing, around: Surroundings) -> None:
        self._board = board
        self._routing = routing
        self._around = around

    def refer(self, call: ActiveCall, referral: Referral) -> None:
        """The far end of ``call`` asks. Returns at once."""
        other = call.partner
        if referral.client is not None and not _same_party(call, referral.client):
            referral.refuse(403)
        elif other is None or other.place is not None or call.over or other.over or not call.answered:
            referral.refuse(603)  # nobody is there to be transferred
        elif under_way(call) or under_way(other):
            referral.refuse(491)
        else:
            log.info("transfer_asked", call=call.facts.sid, of=other.facts.sid, to=referral.user)
            referral.accept()
            referral.tell(100)
            self._board.spawn(self._transfer(Transfer.of(other), call, referral), f"transfer of {other.facts.sid}")

    async def _transfer(self, transfer: Transfer, by: ActiveCall, referral: Referral) -> None:
        other, code = transfer.other, 500
        try:
            second = None if referral.replaces is None else self._board.find(referral.replaces)
            if second is None:
                code = await self._blind(transfer, by, referral)
            else:
                code = await self._attended(transfer, by, second, referral)
        except Unroutable as failure:
            code = failure.sip_code
        except MediaFailed as failure:
            log.warning("transfer_failed", call=other.facts.sid, reason=str(failure))
        finally:
            log.info("transfer_over", call=other.facts.sid, code=code)
            transfer.over = True  # before it is told: whoever asked may ask again at once
            referral.tell(code)
            transfer.end(other)

    async def _blind(self, transfer: Transfer, by: ActiveCall, referral: Referral) -> int:
        """Ring whom the referral names, and put him in the place of who asked; the final status."""
        route = await self._routing.incoming(as_dialled(by, referral.user, referral.domain))
        if route.client is None:
            return self._hand_over(transfer.other, route.application, (by,))
        uri = f"sip:{route.client.login}@{route.client.domain}"
        code = None if referral.replaces is not None else await transfer.other.leg.transfer(uri, referral.referred_by)
        if code is not None:
            return self._carried_out(code, (by, transfer.other))
        headers = [] if referral.referred_by is None else [("Referred-By", referral.referred_by)]
        if referral.replaces is not None:  # a dialog that the target has with whoever asks, without us
            headers.append(("Replaces", str(referral.replaces)))
        request = DialRequest(
            targets=(),
            caller_id=shown(transfer.other),
            timeout=self._around.settings.transfer_timeout,
            headers=tuple(headers),
            domain=route.client.domain,
        )
        far = await self._board.ring(transfer.other, ClientTarget(login=route.client.login), request)
        far.transfer = transfer
        try:
            code = await self._until_answered(transfer.other, far, referral)
            if code < 300:
                await self._connect(transfer, far, (by,), referral)
            return code
        finally:
            transfer.release(far)

    def _carried_out(self, code: int, leaving: Sequence[ActiveCall]) -> int:
        """The other side called the target by itself: when that went well, both of our calls are over."""
        if code < 300:
            for call in leaving:
                call.drop(Input.HANG_UP, TRANSFERRED)
        return code

    async def _attended(self, transfer: Transfer, by: ActiveCall, second: ActiveCall, referral: Referral) -> int:
        """Join whom ``by`` talks to with whom it talks to in its second call; the final status."""
        other, third = transfer.other, second.partner
        assert referral.replaces is not None
        if second is by or second is other or not (_same_party(by, second.client) or _same_account(by, second)):
            return 403
        if not second.answered:
            return await self._instead_of_ringing(transfer, by, second, referral)
        if referral.replaces.early_only:
            return 486
        if third is None:
            return await self._into_application(transfer, by, second, referral)
        if third is other or third is by or third.over:
            return 603
        if under_way(second) or under_way(third):
            return 491
        third.transfer = transfer
        try:
            await self._connect(transfer, third, (by, second), referral)
        finally:
            transfer.release(third)
        return 200

    async def _instead_of_ringing(
        self, transfer: Transfer, by: ActiveCall, second: ActiveCall, referral: Referral
    ) -> int:
        """Who asks did not wait for the answer in its second call: that is given up, and its target rung anew."""
        if second.facts.direction is not Direction.INBOUND:
            return 481
        await second.refuse(487, TRANSFERRED)
        dialled = Dialled(referral, second.facts.to, second.facts.sip_domain or referral.domain)
        return await self._blind(transfer, by, dialled)

    async def _into_application(
        self, transfer: Transfer, by: ActiveCall, second: ActiveCall, referral: Referral
    ) -> int:
        """Let whom ``by`` talks to take its place in a call with an application, which goes on undisturbed."""
        second.transfer = transfer
        place = second.place = await opposite(second.media)

        def linked() -> None:
            referral.tell(200)
            second.client = second.media.on_lost = None
            second.leg.leave(TRANSFERRED)
            transfer.release(second)  # its script goes its own way

        try:
            await connect(transfer, second, self._around, leaving=(by,), linked=linked)
        finally:
            transfer.release(second)
            second.drop(Input.HANG_UP, TRANSFERRED)
            place.start_close()
        return 200

    def _hand_over(self, other: ActiveCall, application: Application | None, leaving: Sequence[ActiveCall]) -> int:
        """Let ``other`` run the application that answers there."""
        if application is None:
            return 603
        other.redirect(application)
        for call in leaving:
            call.drop(Input.HANG_UP, TRANSFERRED)
        return 200

    async def _connect(
        self, transfer: Transfer, far: ActiveCall, leaving: Sequence[ActiveCall], referral: Referral
    ) -> None:
        await connect(transfer, far, self._around, leaving=leaving, linked=lambda: referral.tell(200))

    async def _until_answered(self, other: ActiveCall, far: ActiveCall, referral: Referral) -> int:
        """Let ``other`` hear ringing until ``far`` answers; 200, or why not."""
        news = asyncio.Event()
        ringback = Ringback(other, tones(Signal.RINGBACK, self._around.settings.tone_country))
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


class Dialled:
    """A referral to the number that was dialled in another call."""

    def __init__(self, referral: Referral, user: str, domain: str) -> None:
        self.user = user
        self.domain = domain
        self.replaces = None
        self.referred_by = referral.referred_by
        self.client = referral.client
        self.accept, self.refuse, self.tell = referral.accept, referral.refuse, referral.tell


def _same_party(call: ActiveCall, client: ClientEntry | None) -> bool:
    if client is None:
        return False
    return (call.client is not None and call.client.client_sid == client.client_sid) or (
        client.account_sid == call.facts.account_sid
    )


def _same_account(one: ActiveCall, other: ActiveCall) -> bool:
    return one.facts.account_sid == other.facts.account_sid


def as_dialled(by: ActiveCall, user: str, domain: str) -> Invitation:
    """The call that ``by`` would make to reach ``user`` by itself."""
    facts, client = by.facts, by.client
    return Invitation(
        leg=by.leg,
        to_user=user,
        to_domain=domain,
        from_user=client.login if client is not None else shown(by),
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
