"""UPDATE (RFC 3311): a change of the session, or its refresh, that needs no INVITE; before the answer as well as after it."""

from __future__ import annotations

from offhook.sip.agent import Agent
from offhook.sip.call import Call, CallState
from offhook.sip.capabilities import ACCEPT, SDP_TYPES
from offhook.sip.dialog import Dialog
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import OfferAnswered, OfferReceived, OfferRefused
from offhook.sip.message import Request, Response
from offhook.sip.offering import OfferInput, OfferState
from offhook.sip.session_timer import SessionTimers
from offhook.sip.signalling import Headers
from offhook.sip.transaction.transaction import Transaction

_ATTEMPTS = 3


class Updating:
    """UPDATE in both roles."""

    def __init__(self, agent: Agent, sessions: SessionTimers) -> None:
        self._agent = agent
        self._sessions = sessions

    # -- theirs -----------------------------------------------------------------------------------------------------

    def received(self, call: Call, dialog: Dialog, request: Request, own: Transaction, now: float) -> None:
        """An UPDATE of theirs (§5.2)."""
        agent = self._agent
        _ = request.contact  # an unreadable one is refused now rather than met when the offer is accepted
        if request.body and request.content_type not in SDP_TYPES:
            agent.respond(own, 415, now, headers=(("Accept", ACCEPT),))
        elif (brief := self._sessions.refusal(request)) is not None:
            agent.respond(own, 422, now, headers=brief)
        elif request.sdp is None:
            self.accept(call, dialog, own, None, now)
        elif dialog.offers.state is OfferState.OURS:
            agent.respond(own, 491, now)
        elif dialog.offers.state is OfferState.THEIRS or call.incoming_offer is not None:
            agent.respond(own, 500, now, headers=(agent.retry_soon(),))
        else:
            dialog.offers.take(OfferInput.OFFER_CAME)
            agent.await_decision(call, own, now)
            agent.events.append(OfferReceived(call=call.handle, request=request, offer=request.sdp))

    def accept(self, call: Call, dialog: Dialog, own: Transaction, sdp: bytes | None, now: float) -> None:
        """200 to an UPDATE, with our answer where it brought an offer; it refreshes the session (RFC 4028 §9)."""
        agent = self._agent
        dialog.refresh(own.request)
        if sdp is not None:
            dialog.say(sdp)
        standing = call.state is CallState.STANDING
        timer = self._sessions.answer_headers(call, own.request, now) if standing else ()
        headers = [("Contact", agent.contact(call.flow, sips=call.sips)), *agent.capabilities, *timer]
        agent.respond(own, 200, now, headers=headers, body=sdp or b"")

    # -- ours -------------------------------------------------------------------------------------------------------

    def update(self, call: Call, sdp: bytes | None, headers: Headers, now: float) -> None:
        """Offer a change, or only refresh (``sdp`` None). Raises ``LocalProtocolError`` where that may not be."""
        dialog = call.dialog or next(reversed(call.early.values()), None)
        if dialog is None or not dialog.allows("UPDATE"):
            raise LocalProtocolError("the far end takes no UPDATE")
        if sdp is not None and not dialog.offers.stable:
            raise LocalProtocolError("another offer is still open in this call")
        OutgoingUpdate(self._agent, self._sessions, call, dialog, sdp, headers).send(now)


class OutgoingUpdate:
    """One UPDATE of ours, sent again where glare or a too short session asks for it."""

    __slots__ = ("_agent", "_attempts", "_call", "_dialog", "_headers", "_sdp", "_sessions")

    def __init__(
        self, agent: Agent, sessions: SessionTimers, call: Call, dialog: Dialog, sdp: bytes | None, headers: Headers
    ) -> None:
        self._agent = agent
        self._sessions = sessions
        self._call = call
        self._dialog = dialog
        self._sdp = sdp
        self._headers = headers
        self._attempts = 0

    def send(self, now: float) -> None:
        call, dialog = self._call, self._dialog
        if call.reported or call.state in (CallState.LEAVING, CallState.CANCELING, CallState.ENDED):
            return
        self._attempts += 1
        if self._sdp is not None:
            if not dialog.offers.take(OfferInput.OFFER_SENT):
                self._again(now)  # theirs came first
                return
            dialog.said = self._sdp
        timer = self._sessions.request_headers(call) if call.state is CallState.STANDING else ()
        self._agent.ask(
            call,
            "UPDATE",
            now,
            self._final,
            headers=[*self._headers, *timer],
            body=self._sdp or b"",
            dialog=dialog,
        )

    def _final(self, response: Response | None, now: float) -> None:
        agent, call, dialog = self._agent, self._call, self._dialog
        code = 408 if response is None else response.status
        if response is not None and code < 300:
            dialog.refresh(response)
            if call.state is CallState.STANDING:
                self._sessions.accepted(call, response, now)
            answered = self._sdp is not None and dialog.offers.take(OfferInput.ANSWER_CAME)
            if answered and not call.reported:
                agent.events.append(OfferAnswered(call=call.handle, sdp=response.sdp))
            return
        if self._sdp is not None:
            dialog.offers.take(OfferInput.FAILED)
        if response is not None and self._attempts < _ATTEMPTS and self._may_try_again(response, now):
            return
        if self._sdp is not None and not call.reported:
            agent.events.append(OfferRefused(call=call.handle, code=code))
        if code in (408, 481):
            agent.lost(call, now)
        elif self._sdp is None and call.session is not None:
            if code in (405, 501):
                dialog.allowed = []  # whatever they said before: a re-INVITE refreshes as well
            call.session.again(now)

    def _may_try_again(self, response: Response, now: float) -> bool:
        if response.status == 422 and self._sessions.too_small(self._call, response):
            self.send(now)
        elif response.status == 491 or (response.status == 500 and "retry-after" in response):
            self._again(now)
        else:
            return False
        return True

    def _again(self, now: float) -> None:
        """After a while that differs between the two ends (§5.3; RFC 3261 §14.1)."""
        if self._attempts < _ATTEMPTS:
            self._agent.timers.start(now + self._agent.glare_pause(self._dialog), self.send)
        elif not self._call.reported and self._sdp is not None:
            self._agent.events.append(OfferRefused(call=self._call.handle, code=491))
