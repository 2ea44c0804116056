"""What happens within a call that stands: BYE, re-INVITE both ways, INFO (RFC 3261 §14, §15; RFC 6086)."""

from __future__ import annotations

from offhook.sip import dtmf
from offhook.sip.agent import ALLOW, Agent
from offhook.sip.answering import Answering, InviteServer, Silent
from offhook.sip.call import Call, CallState
from offhook.sip.credentials import answered
from offhook.sip.events import (
    DigitReceived,
    EndCause,
    InfoAnswered,
    OfferAnswered,
    OfferReceived,
    OfferRefused,
)
from offhook.sip.flow import Flow, Transmit
from offhook.sip.message import Request, Response
from offhook.sip.signalling import Headers
from offhook.sip.timers import Timer
from offhook.sip.transaction.layer import respond_with
from offhook.sip.transaction.table import Input
from offhook.sip.transaction.transaction import Transaction

_GLARE_ATTEMPTS = 3


class Conversation:
    """Requests within dialogs, theirs and ours."""

    def __init__(self, agent: Agent, answering: Answering) -> None:
        self._agent = agent
        self._answering = answering
        answering.leave = self.confirmed_late

    # -- theirs -----------------------------------------------------------------------------------------------------

    def receive(self, call: Call, request: Request, reply_to: Flow, now: float) -> None:
        """A request within the dialog of ``call`` that is no ACK and no CANCEL."""
        agent, dialog = self._agent, call.dialog
        assert dialog is not None
        if not dialog.in_order(request):
            agent.respond_statelessly(request, 500, reply_to)  # §12.2.2
            return
        if request.method == "INVITE":
            self._offered(call, request, reply_to, now)
            return
        own = agent.transactions.open_server(request, reply_to, Silent(), now)
        match request.method:
            case "BYE":
                agent.respond(own, 200, now)
                self._left(call, request, now)
            case "INFO":
                self._informed(call, request, own, now)
            case "OPTIONS":
                agent.respond(own, 200, now, headers=(("Allow", ALLOW), ("Accept", "application/sdp")))
            case _:
                agent.respond(own, 405, now, headers=(("Allow", ALLOW),))

    def _left(self, call: Call, bye: Request, now: float) -> None:
        agent = self._agent
        if call.state is CallState.OFFERED and call.transaction is not None:
            agent.respond(call.transaction, 487, now, to_tag=call.local_tag)
        if call.incoming_offer is not None:
            agent.respond(call.incoming_offer, 487, now)
            call.incoming_offer = None
        agent.end(call, EndCause.HANGUP if call.state is CallState.LEAVING else EndCause.BYE, None, bye)

    def _offered(self, call: Call, request: Request, reply_to: Flow, now: float) -> None:
        agent = self._agent
        _ = request.contact  # an unreadable one is refused now rather than met when the offer is accepted
        event = OfferReceived(call=call.handle, request=request, offer=request.sdp)
        refusal, headers = 0, []
        if call.state is CallState.LEAVING:
            refusal = 481
        elif call.outgoing_offer:
            refusal = 491  # §14.2: glare
        elif call.state is not CallState.STANDING or call.incoming_offer is not None or call.repeating is not None:
            refusal, headers = 500, [("Retry-After", str(agent.ids.below(11)))]  # §14.2: the last one is still open
        user = Silent() if refusal else InviteServer(self._answering, call, event)
        own = agent.transactions.open_server(request, reply_to, user, now, bytes(request.response(100)))
        if refusal:
            agent.respond(own, refusal, now, headers=headers)
            return
        call.incoming_offer = own
        call.limit = agent.timers.start(now + agent.settings.reply_limit, lambda at: self._undecided(call, at))

    def _undecided(self, call: Call, now: float) -> None:
        offer, call.incoming_offer = call.incoming_offer, None
        if offer is not None:
            self._agent.respond(offer, 500, now)

    def _informed(self, call: Call, request: Request, own: Transaction, now: float) -> None:
        agent = self._agent
        if not request.body:
            agent.respond(own, 200, now)  # a keep-alive of the session
            return
        if request.content_type not in dtmf.MEDIA_TYPES:
            agent.respond(own, 415, now, headers=(("Accept", ", ".join(dtmf.MEDIA_TYPES)),))
            return
        key = dtmf.read(request.content_type, request.body)
        if key is None:
            agent.respond(own, 400, now)
            return
        agent.respond(own, 200, now)
        if not call.reported:
            agent.events.append(DigitReceived(call=call.handle, digit=key.digit, duration=key.duration))

    # -- ours -------------------------------------------------------------------------------------------------------

    def hangup(self, call: Call, headers: Headers, now: float) -> None:
        """End a call whose INVITE was answered."""
        if call.incoming_offer is not None:
            self._agent.respond(call.incoming_offer, 487, now)
            call.incoming_offer = None
            call.stop_limit()
        if call.state is CallState.ANSWERED:
            # §15: the callee must not send BYE before the ACK, or before it gave up waiting for it.
            call.state = CallState.LEAVING
            call.last_headers = headers
            self._be_patient(call, now)
        else:
            self.bye(call, headers, now)

    def bye(self, call: Call, headers: Headers, now: float) -> None:
        """Send BYE; the call ends with its final response, whatever that says."""
        agent = self._agent
        call.state = CallState.LEAVING
        call.stop_repeating()
        self._be_patient(call, now)
        agent.ask(
            call, "BYE", now, lambda response, _at: agent.end(call, EndCause.HANGUP, None, response), headers=headers
        )

    def confirmed_late(self, call: Call, now: float) -> None:
        """The ACK came after we wanted to hang up."""
        self.bye(call, call.last_headers, now)

    def _be_patient(self, call: Call, now: float) -> None:
        agent = self._agent
        if call.patience is None and not call.reported:
            at = now + agent.settings.hangup_patience
            call.patience = agent.timers.start(at, lambda _at: agent.report_end(call, EndCause.HANGUP))

    def info(self, call: Call, content_type: str, body: bytes, now: float) -> None:
        agent = self._agent

        def final(response: Response | None, at: float) -> None:
            code = 408 if response is None else response.status
            if not call.reported:
                agent.events.append(InfoAnswered(call=call.handle, code=code))
            if code in (408, 481):
                self.gone(call, at)

        agent.ask(call, "INFO", now, final, body=body, content_type=content_type)

    def gone(self, call: Call, now: float) -> None:
        """A request within the dialog got 408 or 481: the far end lost it (§12.2.1.2), so BYE, without waiting."""
        if call.state is not CallState.STANDING:
            return
        self._agent.report_end(call, EndCause.GONE)
        self.bye(call, (), now)

    def reinvite(self, call: Call, sdp: bytes, headers: Headers, now: float) -> None:
        OutgoingOffer(self, call, sdp, headers).start(now)

    def open_offer(self, offer: OutgoingOffer, now: float, again: Request | None = None) -> None:
        agent, dialog = self._agent, offer.call.dialog
        flow = None if dialog is None else dialog.destination()
        if dialog is None or flow is None:
            offer.refused(503, now)
            return
        request = again or agent.in_dialog(dialog, "INVITE", flow, headers=offer.headers, body=offer.sdp)
        transaction = agent.transactions.open_client(request, flow, offer, now)
        wait = now + agent.durations.patience
        offer.limit = agent.timers.start(wait, lambda at: transaction.feed(Input.ABANDONED, at))

    def accepted_offer(self, offer: OutgoingOffer, response: Response, cseq: int) -> Transmit | None:
        """A 2xx to our re-INVITE: ACK it."""
        agent, call = self._agent, offer.call
        dialog = call.dialog
        assert dialog is not None
        dialog.refresh(response)
        flow = dialog.destination()
        if flow is None:
            return None
        ack = Transmit(data=bytes(agent.in_dialog(dialog, "ACK", flow, cseq=cseq)), destination=flow)
        agent.around.transmits.append(ack)
        if not call.reported:
            agent.events.append(OfferAnswered(call=call.handle, sdp=response.sdp))
        return ack

    def again_with_credentials(self, offer: OutgoingOffer, request: Request, response: Response) -> Request | None:
        call = offer.call
        assert call.dialog is not None
        return answered(request, response, call.username, call.password, self._agent.ids, call.dialog.next_cseq)

    def glare(self, offer: OutgoingOffer, now: float) -> None:
        """491: wait a while that is longer for the side that owns the Call-ID (§14.1)."""
        agent, dialog = self._agent, offer.call.dialog
        offer.call.outgoing_offer, offer.call.offer_due = False, True
        owner = dialog is not None and dialog.is_caller
        pause = 2.1 + agent.ids.below(190) / 100 if owner else agent.ids.below(200) / 100
        agent.timers.start(now + pause, offer.start)

    def offer_refused(self, call: Call, code: int, now: float) -> None:
        if not call.reported:
            self._agent.events.append(OfferRefused(call=call.handle, code=code))
        if code in (408, 481):
            self.gone(call, now)

    def send_again(self, transmit: Transmit) -> None:
        self._agent.around.transmits.append(transmit)

    def accept_offer(self, call: Call, sdp: bytes, now: float) -> None:
        offer, call.incoming_offer = call.incoming_offer, None
        if offer is None or call.dialog is None:
            return
        call.stop_limit()
        call.dialog.refresh(offer.request)
        self._answering.accept(call, offer, sdp, (), now)

    def refuse_offer(self, call: Call, code: int, now: float) -> None:
        offer, call.incoming_offer = call.incoming_offer, None
        if offer is not None:
            call.stop_limit()
            respond_with(offer, self._agent.response(offer.request, code), now)


class OutgoingOffer:
    """Our re-INVITE, the user of its transaction."""

    __slots__ = ("_ack", "_attempts", "_conversation", "call", "headers", "limit", "sdp")

    def __init__(self, conversation: Conversation, call: Call, sdp: bytes, headers: Headers) -> None:
        self._conversation = conversation
        self._ack: Transmit | None = None
        self._attempts = 0
        self.call = call
        self.sdp = sdp
        self.headers = headers
        self.limit: Timer | None = None

    def start(self, now: float) -> None:
        if self.call.state is not CallState.STANDING:
            return
        self.call.offer_due = False
        if self.call.incoming_offer is not None or self.call.repeating is not None:
            self._conversation.glare(self, now)  # theirs came first
            return
        self._attempts += 1
        self.call.outgoing_offer = True
        self._conversation.open_offer(self, now)

    def told(self, transaction: Transaction, message: Request | Response, now: float) -> None:
        if not isinstance(message, Response) or message.status < 200:
            return
        if self._ack is not None:
            self._conversation.send_again(self._ack)
            return
        self._stop_limit()
        if message.status < 300:
            self.call.outgoing_offer = False
            self._ack = self._conversation.accepted_offer(self, message, transaction.request.cseq.number)
        elif message.status == 491 and self._attempts < _GLARE_ATTEMPTS:
            self._conversation.glare(self, now)
        else:
            again = self._conversation.again_with_credentials(self, transaction.request, message)
            if again is None or self._attempts >= _GLARE_ATTEMPTS:
                self.refused(message.status, now)
            else:
                self._attempts += 1
                self._conversation.open_offer(self, now, again)

    def timed_out(self, transaction: Transaction, now: float) -> None:
        self._stop_limit()
        self.refused(408, now)

    def unreachable(self, transaction: Transaction, now: float) -> None:
        self._stop_limit()
        self.refused(503, now)

    def refused(self, code: int, now: float) -> None:
        self.call.outgoing_offer = False
        self._conversation.offer_refused(self.call, code, now)

    def _stop_limit(self) -> None:
        if self.limit is not None:
            self.limit.stop()
