"""Re-INVITE, theirs and ours: a change of the session in mid-call, glare, and the refresh of the session (RFC 3261 §14)."""

from __future__ import annotations

from offhook.sip.agent import Agent
from offhook.sip.answering import Answering, InviteServer, Silent
from offhook.sip.call import Call, CallState
from offhook.sip.capabilities import ACCEPT, SDP_TYPES
from offhook.sip.credentials import answered
from offhook.sip.dialog import Dialog
from offhook.sip.events import OfferAnswered, OfferReceived, OfferRefused
from offhook.sip.flow import Flow, Transmit
from offhook.sip.message import Request, Response
from offhook.sip.offering import OfferInput, OfferState
from offhook.sip.session_timer import SessionTimers
from offhook.sip.signalling import Headers
from offhook.sip.timers import Timer
from offhook.sip.transaction.table import Input
from offhook.sip.transaction.transaction import Transaction

_ATTEMPTS = 3


class Reinviting:
    """INVITE within a dialog, in both roles."""

    def __init__(self, agent: Agent, answering: Answering, sessions: SessionTimers) -> None:
        self._agent = agent
        self._answering = answering
        self._sessions = sessions

    # -- theirs -----------------------------------------------------------------------------------------------------

    def received(self, call: Call, dialog: Dialog, request: Request, reply_to: Flow, now: float) -> None:
        """A re-INVITE of theirs."""
        agent = self._agent
        _ = request.contact  # an unreadable one is refused now rather than met when the offer is accepted
        event = OfferReceived(call=call.handle, request=request, offer=request.sdp)
        refusal, headers = self._refusal(call, dialog, request)
        user = Silent() if refusal else InviteServer(self._answering, call, event)
        own = agent.transactions.open_server(request, reply_to, user, now, bytes(request.response(100)))
        if refusal:
            agent.respond(own, refusal, now, headers=headers)
            return
        if request.sdp is not None:
            dialog.offers.take(OfferInput.OFFER_CAME)
        agent.await_decision(call, own, now)

    def _refusal(self, call: Call, dialog: Dialog, request: Request) -> tuple[int, Headers]:
        if request.body and request.content_type not in SDP_TYPES:
            return 415, (("Accept", ACCEPT),)
        if call.state is CallState.LEAVING:
            return 481, ()
        if call.outgoing_offer or dialog.offers.state is OfferState.OURS or call.state is CallState.CALLING:
            return 491, ()  # §14.2: glare
        busy = call.incoming_offer is not None or call.repeating is not None or not dialog.offers.stable
        if call.state is not CallState.STANDING or busy:
            return 500, (self._agent.retry_soon(),)  # §14.2: the last one is still open
        if (brief := self._sessions.refusal(request)) is not None:
            return 422, brief
        return 0, ()

    # -- ours -------------------------------------------------------------------------------------------------------

    def reinvite(self, call: Call, sdp: bytes, headers: Headers, now: float, *, refresh: bool = False) -> None:
        """Offer a change; a ``refresh`` changes nothing, and nobody is told when it is refused."""
        OutgoingOffer(self, call, sdp, headers, refresh=refresh).start(now)

    def open_offer(self, offer: OutgoingOffer, now: float, again: Request | None = None) -> None:
        agent, dialog = self._agent, offer.call.dialog
        flow = None if dialog is None else agent.way(dialog)
        if dialog is None or flow is None:
            offer.refused(503, now)
            return
        headers = [*offer.headers, *self._sessions.request_headers(offer.call)]
        request = again or agent.in_dialog(dialog, "INVITE", flow, headers=headers, body=offer.sdp)
        dialog.offers.take(OfferInput.OFFER_SENT)
        offer.transaction = transaction = agent.transactions.open_client(request, flow, offer, now)
        wait = now + agent.durations.patience
        offer.limit = agent.timers.start(wait, lambda at: transaction.feed(Input.ABANDONED, at))

    def accepted(self, offer: OutgoingOffer, response: Response, cseq: int, now: float) -> Transmit | None:
        """A 2xx to our re-INVITE: ACK it."""
        agent, call = self._agent, offer.call
        dialog = call.dialog
        assert dialog is not None
        dialog.refresh(response)
        dialog.said = offer.sdp
        dialog.offers.take(OfferInput.ANSWER_CAME)
        if call.state is CallState.STANDING:
            self._sessions.accepted(call, response, now)
        flow = agent.way(dialog)
        if flow is None:
            return None
        ack = Transmit(data=bytes(agent.in_dialog(dialog, "ACK", flow, cseq=cseq)), destination=flow)
        agent.around.transmits.append(ack)
        if not call.reported:
            agent.events.append(OfferAnswered(call=call.handle, sdp=response.sdp))
        return ack

    def failed(self, offer: OutgoingOffer, request: Request, response: Response, now: float) -> bool:
        """A final response above 299; whether the offer is made once more."""
        call = offer.call
        dialog = call.dialog
        assert dialog is not None
        dialog.offers.take(OfferInput.FAILED)
        if response.status == 491 or (response.status == 500 and "retry-after" in response):
            self.glare(offer, now)  # or the ACK before it is still on its way (§14.2)
        elif response.status == 422 and self._sessions.too_small(call, response):
            call.outgoing_offer = False
            offer.start(now)
        else:
            again = answered(request, response, call.username, call.password, self._agent.ids, dialog.next_cseq)
            if again is None:
                return False
            self.open_offer(offer, now, again)
        return True

    def glare(self, offer: OutgoingOffer, now: float) -> None:
        """491, a change that came too soon for them, or an offer of theirs that came first: wait a while (§14.1)."""
        call = offer.call
        call.outgoing_offer, call.offer_due = False, True
        assert call.dialog is not None
        self._agent.timers.start(now + self._agent.glare_pause(call.dialog), offer.start)

    def given_up(self, offer: OutgoingOffer, code: int, now: float) -> None:
        call = offer.call
        if call.dialog is not None:
            call.dialog.offers.take(OfferInput.FAILED)
        if not call.reported and not offer.refresh:
            self._agent.events.append(OfferRefused(call=call.handle, code=code))
        if code in (408, 481):
            self._agent.lost(call, now)
        elif offer.refresh and call.session is not None:
            call.session.again(now)

    def send_again(self, transmit: Transmit) -> None:
        self._agent.around.transmits.append(transmit)


class OutgoingOffer:
    """Our re-INVITE, the user of its transaction."""

    __slots__ = ("_ack", "_attempts", "_reinviting", "call", "headers", "limit", "refresh", "sdp", "transaction")

    def __init__(self, reinviting: Reinviting, call: Call, sdp: bytes, headers: Headers, *, refresh: bool) -> None:
        self._reinviting = reinviting
        self._ack: Transmit | None = None
        self._attempts = 0
        self.call = call
        self.sdp = sdp
        self.headers = headers
        self.refresh = refresh
        self.limit: Timer | None = None
        self.transaction: Transaction | None = None
        """The one whose final response is still due."""

    def start(self, now: float) -> None:
        call = self.call
        if call.state is not CallState.STANDING or call.dialog is None:
            return
        call.offer_due = False
        if call.incoming_offer is not None or call.repeating is not None or not call.dialog.offers.stable:
            self._reinviting.glare(self, now)  # theirs came first
            return
        self._attempts += 1
        call.outgoing_offer = True
        self._reinviting.open_offer(self, now)

    def told(self, transaction: Transaction, message: Request | Response, now: float) -> None:
        if not isinstance(message, Response) or message.status < 200:
            return
        if self._ack is not None:
            self._reinviting.send_again(self._ack)
            return
        self._stop_limit()
        if message.status < 300:
            self.call.outgoing_offer = False
            self._ack = self._reinviting.accepted(self, message, transaction.request.cseq.number, now)
        elif self._attempts >= _ATTEMPTS:
            self.refused(message.status, now)
        else:
            again = self._reinviting.failed(self, transaction.request, message, now)
            self._attempts += 1
            if not again:
                self.refused(message.status, now)

    def timed_out(self, transaction: Transaction, now: float) -> None:
        if transaction is self.transaction:
            self._stop_limit()
            self.refused(408, now)

    def unreachable(self, transaction: Transaction, now: float) -> None:
        if transaction is self.transaction:  # not one that was answered, whose ACK could not be sent
            self._stop_limit()
            self.refused(503, now)

    def refused(self, code: int, now: float) -> None:
        self.call.outgoing_offer = False
        self._reinviting.given_up(self, code, now)

    def _stop_limit(self) -> None:
        self.transaction = None
        if self.limit is not None:
            self.limit.stop()
