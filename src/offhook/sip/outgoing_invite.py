"""One attempt at a server to make a call: the user of its INVITE client transaction, and of those that repeat it with credentials.

It sorts what comes back, and keeps what belongs to this attempt; what follows for the call is the business of ``inviting``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.sip.call import Call
from offhook.sip.dialog import Dialog
from offhook.sip.events import EndCause
from offhook.sip.flow import Transmit
from offhook.sip.message import Request, Response
from offhook.sip.timers import Timer
from offhook.sip.transaction.transaction import Transaction

if TYPE_CHECKING:
    from offhook.sip.inviting import Inviting

_MAX_EARLY = 16
"""Early dialogs of one INVITE; provisional responses of further branches are told, and make none."""


class OutgoingInvite:
    """What ``inviting`` knows of it."""

    __slots__ = (
        "_acks", "_inviting", "attempts", "call", "canceled", "cseq", "flow", "left", "limit", "progress_limit", "request",
        "took_on",
    )  # fmt: skip

    def __init__(self, inviting: Inviting, call: Call) -> None:
        self._inviting = inviting
        self.call = call
        self.flow = call.flow
        """Of this attempt: that of the call, until it goes on to another server."""
        self.request = call.invite
        self.attempts = 0
        self.cseq = 0
        self.limit: Timer | None = None
        """Bounds the wait for the first response."""
        self.left = False
        """Whether the call went on to another server."""
        self.canceled = False
        """Whether it has been told so."""
        self.took_on = False
        """Whether it has said anything."""
        self.progress_limit: Timer | None = None
        """Bounds the wait for more than a 100."""
        self._acks: dict[str, Transmit | None] = {}
        """By To tag, one for each dialog that a 2xx made: sent again when the 2xx comes again."""

    def start(self, request: Request, now: float) -> None:
        self.attempts += 1
        self.took_on = False
        self.request = request
        self.cseq = request.cseq.number
        self.call.transaction = self._inviting.open(self, now)

    def dialog_of(self, response: Response) -> Dialog:
        """The dialog that a 2xx makes, or confirms."""
        early = None if self.left else self.call.early.pop(response.to_tag, None)
        if early is None:
            return Dialog.of_outgoing(self.request, response, self.flow)
        early.confirm(self.request, response)
        return early

    def early_dialog(self, response: Response) -> Dialog:
        """The early dialog that a provisional response makes or belongs to; it is the last of ``early`` from now on."""
        call = self.call
        early = call.early.pop(response.to_tag, None) or Dialog.of_outgoing(self.request, response, self.flow)
        if response.to_tag and (len(call.early) < _MAX_EARLY):
            call.early[response.to_tag] = early
            self._inviting.remember(call, early)
        return early

    def acknowledge(self, dialog: Dialog, sdp: bytes | None) -> None:
        self._acks[dialog.remote_tag] = self._inviting.send_ack(self, dialog, sdp)

    def told(self, transaction: Transaction, message: Request | Response, now: float) -> None:
        if not isinstance(message, Response):
            return
        inviting = self._inviting
        inviting.responds(self)
        self._mind_progress(message, now)
        if 200 <= message.status < 300:
            self._accepted(message, now)
        elif self.left:
            if message.status < 200 and not self.canceled:
                self.canceled = True
                inviting.send_cancel(transaction, (), now)
        elif message.status < 200:
            inviting.proceeding(self, transaction, message, now)
        else:
            inviting.failed(self, transaction, message, now)

    def _mind_progress(self, response: Response, now: float) -> None:
        if response.status > 100:
            self.stop_progress_limit()
        elif not self.took_on and not self.left:
            self._inviting.took_on(self, now)
        self.took_on = True

    def _accepted(self, response: Response, now: float) -> None:
        inviting = self._inviting
        if response.to_tag in self._acks:
            transmit = self._acks[response.to_tag]
            if transmit is not None:
                inviting.send_again(transmit)
        elif self.call.dialog is None and not self.left:
            self._acks.setdefault(response.to_tag, None)
            inviting.accepted(self, response, now)
        else:
            inviting.forked(self, response, now)

    def timed_out(self, transaction: Transaction, now: float) -> None:
        if transaction is self.call.transaction:
            self.stop_limit()
            self._inviting.silent(self, EndCause.NO_RESPONSE, 408, now)

    def unreachable(self, transaction: Transaction, now: float) -> None:
        if (
            transaction is self.call.transaction
        ):  # not one before it, answered with 401 or 503, whose ACK could not be sent
            self.stop_limit()
            self._inviting.silent(self, EndCause.UNREACHABLE, 503, now)

    def stop_limit(self) -> None:
        if self.limit is not None:
            self.limit.stop()
            self.limit = None

    def stop_progress_limit(self) -> None:
        if self.progress_limit is not None:
            self.progress_limit.stop()
            self.progress_limit = None
