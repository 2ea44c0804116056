"""A call as the endpoint remembers it: its state, its dialog, and what is still unanswered in it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING

from offhook.sip.dialog import Dialog
from offhook.sip.events import CallHandle
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response
from offhook.sip.signalling import Headers, Invitation
from offhook.sip.timers import Timer
from offhook.sip.transaction.transaction import Transaction

if TYPE_CHECKING:
    from offhook.sip.reliable import Provisionals
    from offhook.sip.session_timer import Session


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


class Servers:
    """Where an INVITE may still go."""

    __slots__ = ("build", "left", "limit", "located", "progress", "spare")

    def __init__(
        self, left: list[Flow], build: Callable[[Flow, int], Request], invitation: Invitation, *, located: bool
    ) -> None:
        self.left = left
        self.build = build
        """Makes the INVITE for a server, with a sequence number."""
        self.located = located
        """Whether they are servers, of which is remembered which are down; a phone is not."""
        self.limit = invitation.response_limit
        """Seconds for the first response of each; None: ``failover_timeout`` while there is another, then Timer B."""
        self.progress = invitation.progress_limit
        """Seconds from a 100 to more than that, where there is another way."""
        self.spare = invitation.spare
        """Whether there is one when no server is left."""


class Call:
    """One call. ``dialog`` is the one that counts: of an incoming call from its INVITE on, of an outgoing one from its 2xx;
    until then there may be several ``early`` ones.
    """

    __slots__ = (
        "dialog", "due", "early", "flow", "handle", "held_answer", "incoming_offer", "invite", "last_headers", "limit",
        "local_tag", "offer_due", "offer_limit", "outgoing_offer", "password", "patience", "provisionals", "reminder",
        "repeating", "reported", "servers", "session", "state", "transaction", "username",
    )  # fmt: skip

    def __init__(self, handle: CallHandle, state: CallState, invite: Request, flow: Flow, local_tag: str) -> None:
        self.handle = handle
        self.state = state
        self.invite = invite
        self.flow = flow
        self.local_tag = local_tag
        self.dialog: Dialog | None = None
        self.early: dict[str, Dialog] = {}
        """Early dialogs of an outgoing call, by their tag, that which spoke last at the end (§12.1.2, §13.2.2.4)."""
        self.due: list[tuple[Dialog, Response]] = []
        """Reliable provisional responses whose offer waits for our answer."""
        self.reminder: Timer | None = None
        """Sends the last provisional response once more (§13.3.1.1)."""
        self.provisionals: Provisionals | None = None
        """Our reliable provisional responses to an incoming call."""
        self.held_answer: tuple[bytes | None, Headers] | None = None
        """A 2xx that waits until they have acknowledged a description (RFC 3262 §3)."""
        self.session: Session | None = None
        """The session timer."""
        self.transaction: Transaction | None = None
        """Of the INVITE that made the call."""
        self.incoming_offer: Transaction | None = None
        """A re-INVITE, UPDATE or PRACK of theirs whose offer waits for our decision."""
        self.offer_limit: Timer | None = None
        """Bounds that wait."""
        self.outgoing_offer = False
        """Whether a re-INVITE of ours is unanswered."""
        self.offer_due = False
        """Whether one waits to be tried again after glare."""
        self.repeating: Repeating | None = None
        self.servers: Servers | None = None
        """Of a call that goes out."""
        self.limit: Timer | None = None
        """Bounds the wait for a decision or a final response."""
        self.patience: Timer | None = None
        self.last_headers: Headers = ()
        """Of the BYE that waits until their ACK allows it."""
        self.username: str | None = None
        self.password: str | None = None
        self.reported = False

    @property
    def sips(self) -> bool:
        """Whether our Contact in it must be a SIPS URI."""
        return self.dialog is not None and self.dialog.sips

    def dialog_with(self, remote_tag: str) -> Dialog | None:
        """The dialog of a request of theirs, by its From tag."""
        dialog = self.dialog
        return dialog if dialog is not None and dialog.remote_tag == remote_tag else self.early.get(remote_tag)

    def stop_limit(self) -> None:
        if self.limit is not None:
            self.limit.stop()
            self.limit = None

    def decide(self) -> Transaction | None:
        """Take out the offer that waits for our decision."""
        offer, self.incoming_offer = self.incoming_offer, None
        if self.offer_limit is not None:
            self.offer_limit.stop()
            self.offer_limit = None
        return offer

    def stop_repeating(self) -> None:
        if self.repeating is not None:
            self.repeating.stop()
            self.repeating = None

    def stop_ringing(self) -> None:
        """A final response goes out."""
        if self.reminder is not None:
            self.reminder.stop()
            self.reminder = None
        if self.provisionals is not None:
            self.provisionals.finish()

    def stop_extensions(self) -> None:
        """Neither provisional responses nor the session timer have anything to do any more."""
        self.stop_ringing()
        if self.session is not None:
            self.session.stop()
