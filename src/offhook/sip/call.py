"""A call as the endpoint remembers it: its state, its dialog, and what is still unanswered in it."""

from __future__ import annotations

from enum import Enum, auto

from offhook.sip.dialog import Dialog
from offhook.sip.events import CallHandle
from offhook.sip.flow import Flow
from offhook.sip.message import Request
from offhook.sip.signalling import Headers
from offhook.sip.timers import Timer
from offhook.sip.transaction.transaction import Transaction


class CallState(Enum):
    """Where a call stands."""

    OFFERED = auto()
    """Came in; waits for our decision."""
    ANSWERED = auto()
    """Came in; our 2xx waits for its ACK."""
    CALLING = auto()
    """Goes out; no final response yet."""
    CANCELING = auto()
    """Goes out; we no longer want it."""
    UNACKNOWLEDGED = auto()
    """Goes out; their 2xx holds an offer, our answer is due in the ACK."""
    STANDING = auto()
    LEAVING = auto()
    """Our BYE is on its way, or waits for their ACK."""
    ENDED = auto()


class Repeating:
    """A 2xx to an INVITE, sent again until the ACK comes (§13.3.1.4)."""

    __slots__ = ("cseq", "give_up", "interval", "late_offer", "response", "timer", "transaction")

    def __init__(self, transaction: Transaction, cseq: int, response: bytes, *, late_offer: bool) -> None:
        self.transaction = transaction
        self.cseq = cseq
        self.response = response
        self.late_offer = late_offer
        """Whether the ACK must bring their answer to the offer in this 2xx."""
        self.interval = 0.0
        self.timer: Timer | None = None
        self.give_up: Timer | None = None

    def stop(self) -> None:
        for timer in (self.timer, self.give_up):
            if timer is not None:
                timer.stop()


class Call:
    """One call. ``dialog`` exists as soon as both tags are known."""

    __slots__ = (
        "dialog", "flow", "handle", "incoming_offer", "invite", "last_headers", "limit", "local_tag", "offer_due",
        "outgoing_offer", "password", "patience", "repeating", "reported", "state", "transaction", "username",
    )  # fmt: skip

    def __init__(self, handle: CallHandle, state: CallState, invite: Request, flow: Flow, local_tag: str) -> None:
        self.handle = handle
        self.state = state
        self.invite = invite
        self.flow = flow
        self.local_tag = local_tag
        self.dialog: Dialog | None = None
        self.transaction: Transaction | None = None
        """Of the INVITE that made the call."""
        self.incoming_offer: Transaction | None = None
        """A re-INVITE of theirs that waits for our decision."""
        self.outgoing_offer = False
        """Whether a re-INVITE of ours is unanswered."""
        self.offer_due = False
        """Whether one waits to be tried again after glare."""
        self.repeating: Repeating | None = None
        self.limit: Timer | None = None
        """Bounds the wait for a decision or a final response."""
        self.patience: Timer | None = None
        self.last_headers: Headers = ()
        """Of the BYE that waits until their ACK allows it."""
        self.username: str | None = None
        self.password: str | None = None
        self.reported = False

    def stop_limit(self) -> None:
        if self.limit is not None:
            self.limit.stop()
            self.limit = None

    def stop_repeating(self) -> None:
        if self.repeating is not None:
            self.repeating.stop()
            self.repeating = None
