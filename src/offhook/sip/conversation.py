"""What happens within a call: BYE and INFO both ways, and where re-INVITE, UPDATE and PRACK go (RFC 3261 §14, §15; RFC 6086)."""

from __future__ import annotations

from offhook.sip import dtmf
from offhook.sip.agent import Agent
from offhook.sip.answering import Answering, Silent
from offhook.sip.call import Call, CallState
from offhook.sip.capabilities import ACCEPT, ALLOW
from offhook.sip.dialog import Dialog
from offhook.sip.events import DigitReceived, EndCause, InfoAnswered
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response
from offhook.sip.notifying import Notifying
from offhook.sip.reinviting import Reinviting
from offhook.sip.reliable import Reliable
from offhook.sip.session_timer import SessionTimers
from offhook.sip.signalling import Headers
from offhook.sip.transaction.transaction import Transaction
from offhook.sip.updating import Updating

_EXPIRED = 'Q.850;cause=102;text="the session timer ran out"'


class Conversation:
    """Requests within dialogs, theirs and ours."""

    def __init__(
        self,
        agent: Agent,
        answering: Answering,
        reliable: Reliable,
        sessions: SessionTimers,
        notifying: Notifying,
    ) -> None:
        self._agent = agent
        self._answering = answering
        self._reliable = reliable
        self._notifying = notifying
        self.reinviting = Reinviting(agent, answering, sessions)
        self.updating = Updating(agent, sessions)
        answering.leave = self.confirmed_late
        agent.lost = self.gone
        sessions.refresh, sessions.expired = self._refresh, self._expired

    # -- theirs -----------------------------------------------------------------------------------------------------

    def receive(self, call: Call, request: Request, reply_to: Flow, now: float) -> None:
        """A request within the dialog of ``call`` that is no ACK and no CANCEL."""
        agent, dialog = self._agent, call.dialog_with(request.from_tag)
        assert dialog is not None
        if not dialog.in_order(request):
            agent.respond_statelessly(request, 500, reply_to)  # §12.2.2
            return
        if request.method == "INVITE":
            self.reinviting.received(call, dialog, request, reply_to, now)
            return
        own = agent.transactions.open_server(request, reply_to, Silent(), now)
        match request.method:
            case "BYE":
                agent.respond(own, 200, now)
                self._left(call, dialog, request, now)
            case "UPDATE":
                self.updating.received(call, dialog, request, own, now)
            case "PRACK":
                self._reliable.pracked(call, dialog, request, own, now)
            case "INFO":
                self._informed(call, request, own, now)
            case "OPTIONS":
                agent.respond(own, 200, now, headers=(*agent.capabilities, ("Accept", ACCEPT)))
            case "REFER" | "SUBSCRIBE" | "NOTIFY":
                self._notifying.within(dialog, call, request, own, now)
            case "MESSAGE":
                agent.respond(own, 488, now)  # one to a client comes outside of calls
            case _:
                agent.respond(own, 405, now, headers=(("Allow", ALLOW),))

    def _left(self, call: Call, dialog: Dialog, bye: Request, now: float) -> None:
        agent = self._agent
        if (
            dialog is not call.dialog
        ):  # one early dialog of several; the call is over with the answer to its INVITE only
            call.early.pop(dialog.remote_tag, None)
            agent.dialogs.pop(dialog.key, None)
            return
        if call.state is CallState.OFFERED and call.transaction is not None:
            agent.respond(call.transaction, 487, now, to_tag=call.local_tag)
        agent.end(call, EndCause.HANGUP if call.state is CallState.LEAVING else EndCause.BYE, None, bye)

    def _informed(self, call: Call, request: Request, own: Transaction, now: float) -> None:
        agent = self._agent
        if "info-package" in request:
            agent.respond(own, 469, now, headers=(("Recv-Info", ""),))  # RFC 6086 §4.2.2: no package is taken here
            return
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
        if (offer := call.decide()) is not None:
            self._agent.respond(offer, 487, now)
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
        call.stop_extensions()
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

    # -- offers and refreshes ---------------------------------------------------------------------------------------

    def accept_offer(self, call: Call, sdp: bytes, now: float) -> None:
        """Answer the re-INVITE, UPDATE or PRACK whose offer waits."""
        offer = call.decide()
        dialog = None if offer is None else call.dialog_with(offer.request.from_tag)
        if offer is None or dialog is None:
            return
        match offer.request.method:
            case "INVITE":
                dialog.refresh(offer.request)
                self._answering.accept(call, offer, sdp, (), now)
            case "UPDATE":
                self.updating.accept(call, dialog, offer, sdp, now)
            case _:
                dialog.say(sdp)
                self._agent.respond(offer, 200, now, body=sdp)
                self._reliable.acknowledged(call, now)

    def refuse_offer(self, call: Call, code: int, headers: Headers, now: float) -> None:
        offer = call.decide()
        if offer is not None:
            in_prack = offer.request.method == "PRACK"
            self._agent.refuse_offer(call, offer, code, now, headers)
            if in_prack:
                self._reliable.acknowledged(call, now)

    def _refresh(self, call: Call, now: float) -> None:
        """Keep the session (RFC 4028 §7.4): by UPDATE where they allow it, else by a re-INVITE that changes nothing."""
        dialog = call.dialog
        if dialog is None or call.state is not CallState.STANDING:
            return
        busy = call.outgoing_offer or call.offer_due or call.incoming_offer is not None or call.repeating is not None
        if dialog.allows("UPDATE"):
            self.updating.update(call, None, (), now)
        elif busy or not dialog.offers.stable or dialog.said is None:
            if call.session is not None:
                call.session.again(now)
        else:
            self.reinviting.reinvite(call, dialog.said, (), now, refresh=True)

    def _expired(self, call: Call, now: float) -> None:
        """Nobody refreshed the session in time (RFC 4028 §10)."""
        if call.state is CallState.STANDING:
            self._agent.report_end(call, EndCause.EXPIRED)
            self.bye(call, (("Reason", _EXPIRED),), now)
