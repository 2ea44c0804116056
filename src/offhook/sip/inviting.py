"""Calls that go out: our INVITE, its forks, ACK and CANCEL (RFC 3261 §13.2, §9.1), at one server after the other (RFC 3263)."""

from __future__ import annotations

from offhook.sip.agent import Agent
from offhook.sip.call import Call, CallState, Servers
from offhook.sip.capabilities import RELIABLE
from offhook.sip.conversation import Conversation
from offhook.sip.credentials import answered, fresh
from offhook.sip.dialog import Dialog, flow_towards, routing
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallAnswered, CallHandle, EndCause
from offhook.sip.exchange import Exchange
from offhook.sip.flow import Flow, Transmit
from offhook.sip.message import Request, Response
from offhook.sip.offering import OfferInput
from offhook.sip.outgoing_invite import OutgoingInvite
from offhook.sip.reliable import Reliable
from offhook.sip.session_timer import SessionTimers
from offhook.sip.signalling import Headers, Invitation
from offhook.sip.timers import Timer
from offhook.sip.transaction.table import Input
from offhook.sip.transaction.transaction import Transaction
from offhook.sip.uri import NameAddr, Uri

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
"""Reason of those who lose a race (RFC 3326 §2), so that phones do not show a missed call."""
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
        only = invitation.destination or (None if invitation.destinations else flow_towards(target))
        servers = invitation.destinations if only is None else (only,)
        if not servers:
            raise LocalProtocolError(f"no transport leads to {invitation.target[:80]!r}")
        tag, call_id = agent.ids.tag(), invitation.call_id or agent.ids.call_id()
        from_ = NameAddr(uri=Uri.parse(invitation.from_uri), display_name=invitation.from_name)
        required = [("Require", RELIABLE)] if agent.settings.prack == "required" else []
        uri, routes = routing(str(target), list(invitation.routes))
        headers = [*required, *self._sessions.request_headers(None), *invitation.headers]

        def build(server: Flow, cseq: int) -> Request:
            return agent.request(
                "INVITE",
                uri,
                server,
                from_=str(from_.with_tag(tag)),
                to=f"<{invitation.to_uri or target}>",
                call_id=call_id,
                cseq=cseq,
                contact_user=invitation.contact_user,
                routes=routes,
                headers=headers,
                body=invitation.sdp or b"",
            )

        left = list(agent.outages.worth_trying(servers, now)) if only is None else [only]
        first = (left or servers)[0]
        call = Call(CallHandle(agent.new_handle()), CallState.CALLING, build(first, 1), first, tag)
        call.username, call.password = invitation.username, invitation.password
        agent.calls[call.handle] = call
        if not left:
            agent.end(call, EndCause.UNREACHABLE, 503)  # every server has asked for a pause
            return call.handle
        call.servers = Servers(left[1:], build, invitation, located=only is None)
        OutgoingInvite(self, call).start(call.invite, now)
        return call.handle

    def _goes_on(self, user: OutgoingInvite, now: float) -> bool:
        """To the next server (RFC 3263 §4.3); False when there is none or we no longer want the call."""
        call = user.call
        servers = call.servers
        if call.state is not CallState.CALLING or servers is None or not servers.left:
            return False
        call.stop_limit()
        call.flow = servers.left.pop(0)
        # The same request in a new transaction, without credentials made for another server.
        call.invite = servers.build(call.flow, user.cseq + 1 if user.attempts > 1 else user.cseq)
        OutgoingInvite(self, call).start(call.invite, now)
        return True

    def _unresponsive(self, user: OutgoingInvite, now: float) -> None:
        """Nothing came in time. The INVITE may have arrived all the same, so what it brings is dealt with."""
        agent, call = self._agent, user.call
        transaction = call.transaction
        if call.state is not CallState.CALLING or transaction is None:
            return
        self._note_silence(user, now)
        user.left = True
        transaction.feed(Input.LEFT, now)
        if not self._goes_on(user, now):
            agent.end(call, EndCause.NO_RESPONSE, 408)

    def took_on(self, user: OutgoingInvite, now: float) -> None:
        """A 100: it must soon say more, where there is another way to the callee."""
        servers = user.call.servers
        if servers is not None and servers.progress is not None and (servers.left or servers.spare):
            limit = now + servers.progress
            user.progress_limit = self._agent.timers.start(limit, lambda at: self._stalled(user, at))

    def _stalled(self, user: OutgoingInvite, now: float) -> None:
        """Nothing came after the 100: the call goes another way, and whom this one may still ring is told so."""
        agent, call = self._agent, user.call
        user.progress_limit = None
        transaction = call.transaction
        if call.state is not CallState.CALLING or transaction is None:
            return
        call.stop_limit()
        user.left = user.canceled = True
        self.send_cancel(transaction, (), now)
        if not self._goes_on(user, now):
            agent.end(call, EndCause.NO_PROGRESS, 408)

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
            call.limit = self.send_cancel(transaction, headers, now)

    def send_cancel(self, invite: Transaction, headers: Headers, now: float) -> Timer:
        """CANCEL an INVITE that is in Proceeding; the timer ends its wait for the final response."""
        agent = self._agent
        request = invite.request
        fields = [("Via", str(request.via)), ("Max-Forwards", "70")]
        fields += [("Route", route) for route in request.lines("route")]
        fields += [("From", request.get("from") or ""), ("To", request.get("to") or ""), ("Call-ID", request.call_id)]
        fields += [("CSeq", f"{request.cseq.number} CANCEL"), *headers]
        exchange = Exchange(agent.transactions, lambda _response, _at: None, None, None, agent.ids)
        exchange.start(Request.build("CANCEL", request.uri, fields), invite.flow, now)
        wait = agent.durations.patience
        return agent.timers.start(now + wait, lambda at: invite.feed(Input.ABANDONED, at))

    # -- what comes back --------------------------------------------------------------------------------------------

    def proceeding(self, user: OutgoingInvite, transaction: Transaction, response: Response, now: float) -> None:
        agent, call = self._agent, user.call
        told = None
        if response.status > 100 and call.dialog is None:
            told = self._reliable.came(call, user.early_dialog(response), response, now)
        if call.state is CallState.CANCELING:
            if call.limit is None:
                call.limit = self.send_cancel(transaction, call.last_headers, now)
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
        """A 2xx from another branch of a fork, or from a server that was given up: ACK and BYE (§13.2.2.4)."""
        agent = self._agent
        dialog = user.dialog_of(response)
        user.acknowledge(dialog, None)
        flow = self._agent.way(dialog)
        if flow is not None:
            exchange = Exchange(agent.transactions, lambda _response, _at: None, None, None, agent.ids)
            exchange.start(agent.in_dialog(dialog, "BYE", flow, headers=(("Reason", ELSEWHERE),)), flow, now)

    def failed(self, user: OutgoingInvite, transaction: Transaction, response: Response, now: float) -> None:
        """A final response of 300 or more."""
        agent, call = self._agent, user.call
        agent.forget_early(call)
        call.early.clear()
        call.due.clear()
        if response.status == 503:
            if call.servers is not None and call.servers.located:
                agent.outages.unavailable(user.flow, response, now)
            if self._goes_on(user, now):
                return
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

    def silent(self, user: OutgoingInvite, cause: EndCause, code: int, now: float) -> None:
        """No final response."""
        agent, call = self._agent, user.call
        if call.state is CallState.CALLING:
            self._note_silence(user, now)
        agent.forget_early(call)
        call.early.clear()
        call.due.clear()
        if not self._goes_on(user, now):
            agent.end(call, EndCause.HANGUP if call.state is CallState.CANCELING else cause, code)

    def _note_silence(self, user: OutgoingInvite, now: float) -> None:
        servers = user.call.servers
        if servers is not None and servers.located:
            self._agent.outages.silent(user.flow, now)

    def responds(self, user: OutgoingInvite) -> None:
        """The server is there, whatever it said."""
        user.stop_limit()
        self._agent.outages.responds(user.flow)

    def send_ack(self, user: OutgoingInvite, dialog: Dialog, sdp: bytes | None) -> Transmit | None:
        flow = self._agent.way(dialog)
        if flow is None:
            return None
        request = self._agent.in_dialog(dialog, "ACK", flow, cseq=user.cseq, body=sdp or b"")
        credentials = [(name, value) for name in _CREDENTIALS if (value := user.request.get(name))]
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

    def open(self, user: OutgoingInvite, now: float) -> Transaction:
        agent, servers = self._agent, user.call.servers
        seconds = None if servers is None else servers.limit
        if seconds is None and servers is not None and servers.left:
            seconds = agent.settings.failover_timeout
        if seconds is not None:
            user.limit = agent.timers.start(now + seconds, lambda at: self._unresponsive(user, at))
        return agent.transactions.open_client(user.request, user.flow, user, now)

    def _give_up(self, call: Call, now: float) -> None:
        call.limit = None
        self._agent.report_end(call, EndCause.NO_RESPONSE, 408)
        self.cancel(call, (), now)


_CREDENTIALS = ("Authorization", "Proxy-Authorization")
"""The ACK carries those of its INVITE (§22.1)."""
