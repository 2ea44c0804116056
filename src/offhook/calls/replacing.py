"""Calls that come in to take the place of another one (INVITE with Replaces, RFC 3891): attended transfers, pick-ups.

Whoever knows both tags of a dialog was told them by one of its ends; besides, a client must be of the account of the call
that it replaces, and a stranger must come from where the call came from.
"""

from __future__ import annotations

import structlog

from offhook.calls.active import ActiveCall
from offhook.calls.call import Input
from offhook.calls.dial import Dialling
from offhook.calls.errors import Unroutable
from offhook.calls.joining import TRANSFERRED, connect
from offhook.calls.leg import ANSWERED_ELSEWHERE, DialogName, Invitation
from offhook.calls.surroundings import Surroundings
from offhook.calls.transferring import Transfer, under_way
from offhook.media.operation import MediaFailed
from offhook.vocabulary.statuses import Direction

log = structlog.get_logger(__name__)


def check(invitation: Invitation, dialog: DialogName, replaced: ActiveCall | None) -> ActiveCall:
    """The call to be replaced (RFC 3891 section 3). Raises ``Unroutable``."""
    if replaced is None:
        raise Unroutable("there is no call to take the place of", sip_code=481)
    facts, client = replaced.facts, invitation.client
    stranger = client is None and replaced.client is None
    allowed = invitation.source_ip == facts.source_ip is not None if stranger else _of_account(invitation, replaced)
    if not allowed:
        raise Unroutable("this call is not to be taken over by you", sip_code=403)
    if replaced.over:
        raise Unroutable("the call to take the place of has ended", sip_code=603)
    if replaced.answered and dialog.early_only:
        raise Unroutable("the call to take the place of was answered", sip_code=486)
    if not replaced.answered and facts.direction is Direction.INBOUND:
        raise Unroutable("the call to take the place of was not made by us", sip_code=481)
    if replaced.partner is not None and replaced.partner.place is not None:
        raise Unroutable("the call to take the place of has taken that of another", sip_code=603)
    if under_way(replaced) or (replaced.partner is not None and under_way(replaced.partner)):
        raise Unroutable("the call to take the place of is being transferred", sip_code=491)
    return replaced


class Replacing:
    """Puts one call in the place of another."""

    def __init__(self, dialling: Dialling, around: Surroundings) -> None:
        self._dialling = dialling
        self._around = around

    async def replace(self, replaced: ActiveCall, call: ActiveCall) -> None:
        """Answer ``call`` and give it what ``replaced`` has: its partner, its dial or its application."""
        await call.answer()
        if call.over or not call.answered:
            return
        log.info("call_replaced", call=replaced.facts.sid, by=call.facts.sid)
        other = replaced.partner
        if replaced.over:
            call.drop(Input.HANG_UP, "the call to take the place of has ended")
        elif not replaced.answered:
            if self._dialling.stand_in(replaced, call):
                replaced.drop(Input.CANCEL, ANSWERED_ELSEWHERE)
            else:
                call.drop(Input.HANG_UP, "nobody rings there any more")
        elif other is not None:
            await self._talk_to(other, replaced, call)
        else:
            call.redirect(replaced.application)
            replaced.drop(Input.HANG_UP, TRANSFERRED)

    async def _talk_to(self, other: ActiveCall, replaced: ActiveCall, call: ActiveCall) -> None:
        transfer = call.transfer = Transfer.of(other)
        try:
            await connect(transfer, call, self._around, leaving=(replaced,), linked=lambda: None)
        except MediaFailed as failure:
            log.warning("replacing_failed", call=call.facts.sid, reason=str(failure))
        finally:
            transfer.end(other, call)


def _of_account(invitation: Invitation, replaced: ActiveCall) -> bool:
    client = invitation.client
    if client is None:
        return False
    same = replaced.client is not None and replaced.client.client_sid == client.client_sid
    return same or client.account_sid == replaced.facts.account_sid
