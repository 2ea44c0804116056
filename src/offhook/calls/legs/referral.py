"""A REFER of a far end, as calls see it: whom it wants called, and how to tell what came of it."""

from __future__ import annotations

from offhook.calls.directory import ClientEntry
from offhook.calls.leg import DialogName
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.events import ReferReceived
from offhook.sip.grammar import presentable
from offhook.sip.message import Request
from offhook.sip.refer import Replaces
from offhook.sip.signalling import Signalling

_LONGEST_REFERRED_BY = 512


class SipReferral:
    """Implements ``Referral`` on the endpoint."""

    def __init__(self, signalling: Signalling, event: ReferReceived, client: ClientEntry | None = None) -> None:
        self._signalling = signalling
        self.client = client
        self._handle = event.handle
        uri, replaces = event.refer_to.uri, event.refer_to.replaces
        self.user = uri.number
        self.domain = uri.host
        self.replaces = None if replaces is None else dialog_name(replaces)
        by = event.request.get("referred-by")
        self.referred_by = presentable(by) if by and len(by) <= _LONGEST_REFERRED_BY else None

    def accept(self) -> None:
        self._signalling.accept_refer(self._handle)

    def refuse(self, sip_code: int) -> None:
        self._signalling.refuse_refer(self._handle, sip_code)

    def tell(self, sip_code: int) -> None:
        self._signalling.tell_refer(self._handle, sip_code)


def dialog_name(replaces: Replaces) -> DialogName:
    """The dialog that a Replaces names to us."""
    return DialogName(
        call_id=replaces.call_id,
        our_tag=replaces.to_tag,
        their_tag=replaces.from_tag,
        early_only=replaces.early_only,
    )


def replaced_by(request: Request) -> DialogName | None:
    """The dialog that an INVITE wants to take the place of (RFC 3891 section 3). Raises ``RemoteProtocolError``."""
    values = request.lines("replaces")
    if len(values) > 1:
        raise RemoteProtocolError("an INVITE has one Replaces at most")
    return dialog_name(Replaces.parse(values[0])) if values else None
