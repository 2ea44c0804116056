"""Calls that come in: INVITE outside a dialog, until the ACK of our 2xx (RFC 3261 §13.3), and CANCEL (§9.2)."""

from __future__ import annotations

from collections.abc import Callable

from offhook.sip.agent import Agent
from offhook.sip.call import Call, CallState, Repeating
from offhook.sip.dialog import Dialog
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallConfirmed, CallHandle, EndCause, IncomingCall, OfferAnswered, OfferReceived
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response
from offhook.sip.offering import OfferInput
from offhook.sip.reliable import Reliable
from offhook.sip.session_timer import SessionTimers
from offhook.sip.signalling import Headers
from offhook.sip.transaction.layer import respond_with
from offhook.sip.transaction.table import Input
from offhook.sip.transaction.transaction import Transaction

_REMIND = 60.0
"""Seconds after which a provisional response is sent again, lest proxies give the caller up (§13.3.1.1)."""


class Answering:
    """The server side of INVITE."""

    def __init__(self, agent: Agent, reliable: Reliable, sessions: SessionTimers) -> None:
        self._agent = agent
        self._reliable = reliable
        self._sessions = sessions
        reliable.acknowledged = self._released
        self.leave: Callable[[Call, float], None] = lambda _call, _now: None
        """Sends the BYE of a call that we wanted to end before its ACK came; ``Conversation`` sets it."""

    # -- from the wire ----------------------------------------------------------------------------------------------

    def invite(self, request: Request, source: Flow, reply_to: Flow, now: float) -> None:
        """An INVITE outside any dialog that passed all checks."""
        agent = self._agent
        call = Call(CallHandle(agent.new_handle()), CallState.OFFERED, request, source, agent.ids.tag())
        call.dialog = Dialog.of_incoming(request, call.local_tag, source)
        agent.calls[call.handle] = call
        agent.dialogs[call.dialog.key] = call
        reliable = self._reliable.possible(request)
        event = IncomingCall(call=call.handle, request=request, source=source, offer=request.sdp, reliable=reliable)
        user = InviteServer(self, call, event)
        trying = bytes(request.response(100))
        call.limit = agent.timers.start(now + agent.settings.answer_limit, lambda at: self._undecided(call, at))
        call.transaction = agent.transactions.open_server(request, reply_to, user, now, trying)

    def offered(self, event: IncomingCall | OfferReceived) -> None:
        self._agent.events.append(event)

    def cancel(self, request: Request, reply_to: Flow, now: float) -> None:
        """A CANCEL: 200, and 487 to the INVITE if that is still open."""
        agent = self._agent
        invite = agent.transactions.cancelled_by(request)
        if invite is None:
            agent.respond_statelessly(request, 481, reply_to)
            return
        user = invite.user
        call = user.call if isinstance(user, InviteServer) else None
        tag = agent.ids.tag() if call is None else call.local_tag
        own = agent.transactions.open_server(request, reply_to, Silent(), now)
        agent.respond(own, 200, now, to_tag=tag)
        if not invite.accepts(Input.FAILURE) or invite.accepts(Input.TIMER_G):
            return
        agent.respond(invite, 487, now, to_tag=tag)
        if call is None:
            return
        if call.incoming_offer is invite:
            call.decide()
            if call.dialog is not None:
                call.dialog.offers.take(OfferInput.FAILED)
        elif call.state is CallState.OFFERED:
            agent.end(call, EndCause.CANCELED, 487, request)

    def acknowledged(self, call: Call, ack: Request, now: float) -> bool:
        """An ACK for a 2xx of ours; False when none was due (it came again)."""
        repeating = call.repeating
        if repeating is None or repeating.cseq != ack.cseq.number:
            return False
        call.stop_repeating()
        agent = self._agent
        sdp = ack.sdp
        if call.dialog is not None:
            call.dialog.offers.take(OfferInput.ANSWER_CAME)
        if call.state is CallState.ANSWERED:
            call.state = CallState.STANDING
            agent.events.append(CallConfirmed(call=call.handle, sdp=sdp))
        elif call.state is CallState.LEAVING:
            self.leave(call, now)
        elif repeating.late_offer and call.state is CallState.STANDING:
            agent.events.append(OfferAnswered(call=call.handle, sdp=sdp))
        return True

    # -- intentions -------------------------------------------------------------------------------------------------

    def ring(self, call: Call, code: int, sdp: bytes | None, headers: Headers, now: float) -> None:
        if not 100 < code < 200:
            raise LocalProtocolError(f"{code} is not a provisional status")
        if call.held_answer is not None:
            return
        if sdp is not None and call.invite.sdp is None and not self._reliable.possible(call.invite):
            raise LocalProtocolError("an offer goes before the answer reliably or not at all (RFC 3262 section 5)")
        if self._reliable.wanted(call, sdp):
            self._reliable.send(call, code, headers, sdp, now)
        else:
            self._send(call, code, "", sdp, headers, now)
        if call.reminder is not None:
            call.reminder.stop()
        call.reminder = self._agent.timers.start(now + _REMIND, lambda at: self.ring(call, code, None, headers, at))

    def answer(self, call: Call, sdp: bytes | None, headers: Headers, now: float) -> None:
        """Send the 2xx, when all that must be acknowledged before it is (RFC 3262 §3)."""
        call.stop_limit()
        if call.provisionals is not None and call.provisionals.holds_answer:
            call.held_answer = sdp, headers
            return
        call.stop_ringing()
        call.state = CallState.ANSWERED
        transaction = call.transaction
        assert transaction is not None
        dialog = call.dialog
        if dialog is not None and dialog.said is not None and dialog.offers.stable:
            sdp = None  # the answer was given, and acknowledged, before: nothing that follows counts (§13.2.1)
        self.accept(call, transaction, sdp, headers, now)

    def _released(self, call: Call, now: float) -> None:
        """A PRACK came: whether the 2xx may go out now."""
        held = call.held_answer
        if held is not None and call.state is CallState.OFFERED:
            call.held_answer = None
            self.answer(call, *held, now)

    def accept(self, call: Call, transaction: Transaction, sdp: bytes | None, headers: Headers, now: float) -> None:
        """Send a 2xx, for the first INVITE or a later one, and repeat it until its ACK."""
        agent = self._agent
        request = transaction.request
        response = agent.response(
            request,
            200,
            to_tag=call.local_tag,
            headers=[
                ("Contact", agent.contact(call.flow, sips=call.sips)),
                *agent.capabilities,
                *self._sessions.answer_headers(call, request, now),
                *headers,
            ],
            body=sdp or b"",
        )
        late_offer = request.sdp is None and sdp is not None
        if sdp is not None and call.dialog is not None:
            call.dialog.say(sdp)
        repeating = Repeating(transaction, request.cseq.number, bytes(response), late_offer=late_offer)
        call.stop_repeating()
        call.repeating = repeating
        durations = agent.durations
        repeating.interval = durations.t1
        repeating.timer = agent.timers.start(now + durations.t1, lambda at: self._repeat(repeating, at))
        repeating.give_up = agent.timers.start(now + durations.patience, lambda at: self._no_ack(call, at))
        transaction.feed(Input.SUCCESS, now, data=repeating.response)

    def refuse(self, call: Call, code: int, reason: str, headers: Headers, now: float) -> None:
        if not 300 <= code < 700:
            raise LocalProtocolError(f"{code} is not a refusal")
        self._send(call, code, reason, None, headers, now)
        self._agent.end(call, EndCause.REFUSED_BY_US, code)

    # -- within -----------------------------------------------------------------------------------------------------

    def _send(self, call: Call, code: int, reason: str, sdp: bytes | None, headers: Headers, now: float) -> None:
        agent = self._agent
        if code < 200:
            headers = [("Contact", agent.contact(call.flow, sips=call.sips)), *headers]
        response = agent.response(call.invite, code, reason, to_tag=call.local_tag, headers=headers, body=sdp or b"")
        assert call.transaction is not None
        respond_with(call.transaction, response, now)

    def _repeat(self, repeating: Repeating, now: float) -> None:
        durations = self._agent.durations
        repeating.transaction.feed(Input.SUCCESS, now, data=repeating.response)
        repeating.interval = min(repeating.interval * 2, durations.t2)
        repeating.timer = self._agent.timers.start(now + repeating.interval, lambda at: self._repeat(repeating, at))

    def _no_ack(self, call: Call, now: float) -> None:
        """§13.3.1.4: the dialog stands, but the session is ended with BYE."""
        call.stop_repeating()
        call.stop_extensions()
        self._agent.report_end(call, EndCause.NO_ACK)
        call.state = CallState.LEAVING
        self._agent.ask(call, "BYE", now, lambda _response, _at: self._agent.end(call, EndCause.NO_ACK))

    def _undecided(self, call: Call, now: float) -> None:
        self.refuse(call, 480, "", (), now)

    def unreachable(self, call: Call, now: float) -> None:
        """A response could not be sent. The transaction stays for that (RFC 6026 §7.1) and ends by a final response only."""
        if call.state is CallState.OFFERED:
            self._send(call, 503, "", None, (), now)
            self._agent.end(call, EndCause.UNREACHABLE)


class InviteServer:
    """The user of an INVITE server transaction: which call it belongs to."""

    __slots__ = ("answering", "call", "event")

    def __init__(self, answering: Answering, call: Call, event: IncomingCall | OfferReceived) -> None:
        self.answering = answering
        self.call = call
        self.event = event

    def told(self, transaction: Transaction, message: Request | Response, now: float) -> None:
        """The request itself, or an ACK for our 2xx that came with the branch of the INVITE."""
        if message is transaction.request:
            self.answering.offered(self.event)
        elif isinstance(message, Request) and message.method == "ACK":
            self.answering.acknowledged(self.call, message, now)

    def timed_out(self, transaction: Transaction, now: float) -> None:
        """No ACK for a refusal: the call has ended already."""

    def unreachable(self, transaction: Transaction, now: float) -> None:
        if transaction is self.call.transaction:
            self.answering.unreachable(self.call, now)


class Silent:
    """The user of a server transaction that is answered at once and then only absorbs retransmissions."""

    __slots__ = ()

    def told(self, transaction: Transaction, message: Request | Response, now: float) -> None:
        """Nothing to add."""

    def timed_out(self, transaction: Transaction, now: float) -> None:
        """Nothing waits."""

    def unreachable(self, transaction: Transaction, now: float) -> None:
        """Nothing waits."""
