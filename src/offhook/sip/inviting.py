"""Calls that go out: our INVITE, its forks, ACK and CANCEL (RFC 3261 §13.2, §9.1)."""

from __future__ import annotations

from offhook.sip.agent import Agent
from offhook.sip.call import Call, CallState
from offhook.sip.capabilities import RELIABLE
from offhook.sip.conversation import Conversation
from offhook.sip.credentials import answered, fresh
from offhook.sip.dialog import Dialog, flow_towards
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallAnswered, CallHandle, EndCause
from offhook.sip.exchange import Exchange
from offhook.sip.flow import Transmit
from offhook.sip.message import Request, Response
from offhook.sip.offering import OfferInput
from offhook.sip.reliable import Reliable
from offhook.sip.session_timer import SessionTimers
from offhook.sip.signalling import Headers, Invitation
from offhook.sip.timers import Timer
from offhook.sip.transaction.table import Input
from offhook.sip.transaction.transaction import Transaction
from offhook.sip.uri import NameAddr, Uri

_MAX_EARLY = 16
"""Early dialogs of one INVITE; provisional responses of further branches are told, and make none."""
_ATTEMPTS = 3
"""INVITE, the answer to its challenge, and one more for a nonce that went stale."""


class Inviting:
    """The client side of INVITE."""

    def __init__(self, agent: Agent, conversation: Conversation, reliable: Reliable, sessions: SessionTimers) -> None:
        self._agent = agent
        self._conversation = conversation
        self._reliable = reliable
        self._sessions = sessions

    def invite(self, invitation: Invitation, now: float) -> CallHandle:
        agent = self._agent
        target = Uri.parse(invitation.target)
        flow = invitation.destination or flow_towards(target)
        if flow is None:
            raise LocalProtocolError(f"no transport leads to {invitation.target[:80]!r}")
        tag = agent.ids.tag()
        from_ = NameAddr(uri=Uri.parse(invitation.from_uri), display_name=invitation.from_name)
        required = [("Require", RELIABLE)] if agent.settings.prack == "required" else []
        request = agent.request(
            "INVITE",
            str(target),
            flow,
            from_=str(from_.with_tag(tag)),
            to=f"<{invitation.to_uri or target}>",
            call_id=agent.ids.call_id(),
            cseq=1,
            contact_user=invitation.contact_user,
            headers=[*required, *self._sessions.request_headers(None), *invitation.headers],
            body=invitation.sdp or b"",
        )
        call = Call(CallHandle(agent.new_handle()), CallState.CALLING, request, flow, tag)
        call.username, call.password = invitation.username, invitation.password
        agent.calls[call.handle] = call
        OutgoingInvite(self, call, invitation.response_limit).start(request, now)
        return call.handle

    def acknowledge(self, call: Call, sdp: bytes, now: float) -> None:
        """Our answer to the offer of a 2xx, or of a reliable provisional response."""
        if call.state is CallState.CALLING:
            self._reliable.answer(call, sdp, now)
            return
        call.state = CallState.STANDING
        transaction = call.transaction
        assert transaction is not None
        user = transaction.user
        assert isinstance(user, OutgoingInvite)
        assert call.dialog is not None
        call.dialog.say(sdp)
        user.acknowledge(call.dialog, sdp)

    def cancel(self, call: Call, headers: Headers, now: float) -> None:
        """We no longer want it: CANCEL as soon as a provisional response allows (§9.1)."""
        agent = self._agent
        call.state = CallState.CANCELING
        call.last_headers = headers
        call.stop_limit()
        call.patience = agent.timers.start(
            now + agent.settings.hangup_patience, lambda _at: agent.report_end(call, EndCause.HANGUP)
        )
        transaction = call.transaction
        if transaction is not None and transaction.accepts(Input.ABANDONED):
            self.send_cancel(call, transaction, now)

    def send_cancel(self, call: Call, invite: Transaction, now: float) -> None:
        agent = self._agent
        request = invite.request
        fields = [("Via", str(request.via)), ("Max-Forwards", "70")]
        fields += [("Route", route) for route in request.lines("route")]
        fields += [("From", request.get("from") or ""), ("To", request.get("to") or ""), ("Call-ID", request.call_id)]
        fields += [("CSeq", f"{request.cseq.number} CANCEL"), *call.last_headers]
        exchange = Exchange(agent.transactions, lambda _response, _at: None, None, None, agent.ids)
        exchange.start(Request.build("CANCEL", request.uri, fields), invite.flow, now)
        wait = agent.durations.patience
        call.limit = agent.timers.start(now + wait, lambda at: invite.feed(Input.ABANDONED, at))

    # -- what comes back --------------------------------------------------------------------------------------------

    def proceeding(self, user: OutgoingInvite, transaction: Transaction, response: Response, now: float) -> None:
        agent, call = self._agent, user.call
        told = None
        if response.status > 100 and call.dialog is None:
            told = self._reliable.came(call, user.early_dialog(response), response, now)
        if call.state is CallState.CANCELING:
            if call.limit is None:
                self.send_cancel(call, transaction, now)
            return
        if call.limit is None:
            limit = now + agent.settings.invite_limit
            call.limit = agent.timers.start(limit, lambda at: self._give_up(call, at))
        if told is not None:
            agent.events.append(told)

    def accepted(self, user: OutgoingInvite, response: Response, now: float) -> None:
        """The first 2xx: its dialog is the one that counts, and the early ones of other branches are over (§13.2.2.4)."""
        agent, call = self._agent, user.call
        call.stop_limit()
        agent.forget_early(call)
        dialog = user.dialog_of(response)
        call.dialog = dialog
        agent.dialogs[dialog.key] = call
        late_offer = dialog.said is None and response.sdp is not None
        sdp = response.sdp if late_offer or not dialog.offers.stable else None
        dialog.offers.take(OfferInput.OFFER_CAME if late_offer else OfferInput.ANSWER_CAME)
        if call.state is CallState.CANCELING:
            user.acknowledge(dialog, None)
            self._conversation.bye(call, call.last_headers, now)
            return
        if late_offer:
            call.state = CallState.UNACKNOWLEDGED
        else:
            user.acknowledge(dialog, None)
            call.state = CallState.STANDING
        self._sessions.accepted(call, response, now)
        agent.events.append(CallAnswered(call=call.handle, response=response, sdp=sdp))

    def forked(self, user: OutgoingInvite, response: Response, now: float) -> None:
        """A 2xx from another branch of a fork: ACK and BYE (§13.2.2.4)."""
        agent = self._agent
        dialog = user.dialog_of(response)
        user.acknowledge(dialog, None)
        flow = dialog.destination()
        if flow is not None:
            exchange = Exchange(agent.transactions, lambda _response, _at: None, None, None, agent.ids)
            exchange.start(agent.in_dialog(dialog, "BYE", flow), flow, now)

    def failed(self, user: OutgoingInvite, transaction: Transaction, response: Response, now: float) -> None:
        """A final response of 300 or more."""
        agent, call = self._agent, user.call
        agent.forget_early(call)
        call.early.clear()
        call.due.clear()
        if call.state is CallState.CALLING and user.attempts < _ATTEMPTS:
            request = transaction.request
            again = self._once_more(call, request, response)
            if again is not None:
                call.stop_limit()
                call.invite = again
                user.start(again, now)
                return
        cause = EndCause.HANGUP if call.state is CallState.CANCELING else EndCause.REFUSED_BY_THEM
        agent.end(call, cause, response.status, response)

    def _once_more(self, call: Call, request: Request, response: Response) -> Request | None:
        """The INVITE with credentials, or with a longer session (RFC 4028 §7.3), where that was all that was wrong."""
        ids = self._agent.ids
        if self._sessions.too_small(call, response):
            again = fresh(request, ids, request.cseq.number + 1)
            for name, value in self._sessions.request_headers(call):
                again.replace_first(name, value)
            return again
        return answered(request, response, call.username, call.password, ids, lambda: request.cseq.number + 1)

    def silent(self, call: Call, cause: EndCause, code: int) -> None:
        """No final response."""
        canceling = call.state is CallState.CANCELING
        self._agent.end(call, EndCause.HANGUP if canceling else cause, code)

    def send_ack(self, user: OutgoingInvite, dialog: Dialog, sdp: bytes | None) -> Transmit | None:
        flow = dialog.destination()
        if flow is None:
            return None
        request = self._agent.in_dialog(dialog, "ACK", flow, cseq=user.cseq, body=sdp or b"")
        credentials = [(name, value) for name in _CREDENTIALS if (value := user.call.invite.get(name))]
        for name, value in credentials:
            request.add(name, value)
        transmit = Transmit(data=bytes(request), destination=flow)
        self._agent.around.transmits.append(transmit)
        return transmit

    def send_again(self, transmit: Transmit) -> None:
        self._agent.around.transmits.append(transmit)

    def remember(self, call: Call, dialog: Dialog) -> None:
        """Requests of theirs in an early dialog find the call."""
        self._agent.dialogs[dialog.key] = call

    def open(self, user: OutgoingInvite, request: Request, now: float) -> Transaction:
        return self._agent.transactions.open_client(request, user.call.flow, user, now)

    def open_silence(self, call: Call, seconds: float, now: float) -> Timer:
        """The far end has so many seconds to say anything."""
        return self._agent.timers.start(now + seconds, lambda at: self._give_up(call, at))

    def _give_up(self, call: Call, now: float) -> None:
        if call.state is not CallState.CALLING:
            return
        call.limit = None
        self._agent.report_end(call, EndCause.NO_RESPONSE, 408)
        self.cancel(call, (), now)


_CREDENTIALS = ("Authorization", "Proxy-Authorization")
"""The ACK carries those of its INVITE (§22.1)."""


class OutgoingInvite:
    """The user of an INVITE client transaction that makes a call."""

    __slots__ = ("_acks", "_inviting", "_response_limit", "_silence", "attempts", "call", "cseq")

    def __init__(self, inviting: Inviting, call: Call, response_limit: float | None = None) -> None:
        self._inviting = inviting
        self._response_limit = response_limit
        self._silence: Timer | None = None
        self.call = call
        self.attempts = 0
        self.cseq = 0
        self._acks: dict[str, Transmit | None] = {}
        """By To tag, one for each dialog that a 2xx made: sent again when the 2xx comes again."""

    def start(self, request: Request, now: float) -> None:
        self.attempts += 1
        self.cseq = request.cseq.number
        if self._response_limit is not None:
            self._silence = self._inviting.open_silence(self.call, self._response_limit, now)
        self.call.transaction = self._inviting.open(self, request, now)

    def dialog_of(self, response: Response) -> Dialog:
        """The dialog that a 2xx makes, or confirms."""
        early = self.call.early.pop(response.to_tag, None)
        if early is None:
            return Dialog.of_outgoing(self.call.invite, response, self.call.flow)
        early.confirm(self.call.invite, response)
        return early

    def early_dialog(self, response: Response) -> Dialog:
        """The early dialog that a provisional response makes or belongs to; it is the last of ``early`` from now on."""
        call = self.call
        early = call.early.pop(response.to_tag, None) or Dialog.of_outgoing(call.invite, response, call.flow)
        if response.to_tag and (len(call.early) < _MAX_EARLY):
            call.early[response.to_tag] = early
            self._inviting.remember(call, early)
        return early

    def acknowledge(self, dialog: Dialog, sdp: bytes | None) -> None:
        self._acks[dialog.remote_tag] = self._inviting.send_ack(self, dialog, sdp)

    def told(self, transaction: Transaction, message: Request | Response, now: float) -> None:
        if not isinstance(message, Response):
            return
        self._heard()
        inviting = self._inviting
        if message.status < 200:
            inviting.proceeding(self, transaction, message, now)
        elif message.status >= 300:
            inviting.failed(self, transaction, message, now)
        elif message.to_tag in self._acks:
            transmit = self._acks[message.to_tag]
            if transmit is not None:
                inviting.send_again(transmit)
        elif self.call.dialog is None:
            self._acks.setdefault(message.to_tag, None)
            inviting.accepted(self, message, now)
        else:
            inviting.forked(self, message, now)

    def timed_out(self, transaction: Transaction, now: float) -> None:
        self._heard()
        self._inviting.silent(self.call, EndCause.NO_RESPONSE, 408)

    def unreachable(self, transaction: Transaction, now: float) -> None:
        self._heard()
        self._inviting.silent(self.call, EndCause.UNREACHABLE, 503)

    def _heard(self) -> None:
        if self._silence is not None:
            self._silence.stop()
            self._silence = None
