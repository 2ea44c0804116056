"""The port by which a call is connected with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from offhook.calls.dialing import DialOutcome, DialRequest
from offhook.calls.leg import Referral

if TYPE_CHECKING:
    from offhook.calls.active import ActiveCall


class Desk(Protocol):
    """Connects calls with others; ``switchboard`` implements it."""

    async def dial(self, caller: ActiveCall, request: DialRequest) -> DialOutcome: ...

    def refer(self, call: ActiveCall, referral: Referral) -> None:
        """The far end of ``call`` asks for a transfer."""
        ...
