"""A REFER of a far end, as calls see it: whom it wants called, and how to tell what came of it."""

from __future__ import annotations

from offhook.calls.leg import DialogName
from offhook.sip.events import ReferReceived
from offhook.sip.grammar import presentable
from offhook.sip.signalling import Signalling

_LONGEST_REFERRED_BY = 512


class SipReferral:
    """Implements ``Referral`` on the endpoint."""

    def __init__(self, signalling: Signalling, event: ReferReceived) -> None:
        self._signalling = signalling
        self._handle = event.handle
        uri, replaces = event.refer_to.uri, event.refer_to.replaces
        self.user = uri.number
        self.domain = uri.host
        self.replaces = (
            None
            if replaces is None
            else DialogName(
                call_id=replaces.call_id,
                our_tag=replaces.to_tag,
                their_tag=replaces.from_tag,
                early_only=replaces.early_only,
            )
        )
        by = event.request.get("referred-by")
        self.referred_by = presentable(by) if by and len(by) <= _LONGEST_REFERRED_BY else None

    def accept(self) -> None:
        self._signalling.accept_refer(self._handle)

    def refuse(self, sip_code: int) -> None:
        self._signalling.refuse_refer(self._handle, sip_code)

    def tell(self, sip_code: int) -> None:
        self._signalling.tell_refer(self._handle, sip_code)
