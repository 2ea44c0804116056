"""The endpoint: the top machine of SIP, a user agent server and client on the transaction tables.

Five methods for its driver (``receive``, ``expire``, ``deadline``, ``transmits``, ``events``) and the intentions of
``Signalling``, each with ``now``: seconds on the driver's monotonic clock. It touches no socket, clock or randomness.
Reception, calls in, calls out and what happens within them are in files of their own; here is what an owner sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from offhook.sip.admission import Admission
from offhook.sip.agent import Agent
from offhook.sip.answering import Answering
from offhook.sip.bans import Bans
from offhook.sip.call import CallState
from offhook.sip.conversation import Conversation
from offhook.sip.dialog import DialogKey
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallHandle, EndCause, Event, FlowLost, RequestHandle, SubscriptionHandle
from offhook.sip.flow import Flow, HostPort, Transmit
from offhook.sip.inviting import Inviting
from offhook.sip.locating import Permits, anywhere
from offhook.sip.notifying import Notifying
from offhook.sip.outside import Outside
from offhook.sip.packages import Render, Termination
from offhook.sip.reception import Reception
from offhook.sip.registering import Registering
from offhook.sip.reliable import Reliable
from offhook.sip.session_timer import SessionTimers
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Headers, InstantMessage, Invitation, RegisterOrder

_ESTABLISHED = (CallState.ANSWERED, CallState.STANDING)
_OFFERING = (CallState.OFFERED, CallState.ANSWERED, CallState.CALLING, CallState.STANDING)
"""When either side may offer: in an early dialog as well."""


class Endpoint:
    """One SIP user agent: all calls of a process."""

    def __init__(
        self,
        settings: SipSettings,
        *,
        random_bits: Callable[[int], int],
        local_address: Callable[[Flow], HostPort],
        bans: Bans | None = None,
        on_alias: Callable[[Flow, str, int], None] = lambda _flow, _host, _port: None,
        permits: Permits = anywhere,
    ) -> None:
        """``random_bits(n)`` supplies tags, branches and Call-IDs; ``local_address(peer)`` what we are called by a peer;
        ``bans`` is shared with whoever checks credentials; ``on_alias`` as ``Reception`` has it, ``permits`` as ``Agent``.
        """
        agent = Agent(settings, random_bits, local_address, permits)
        self._agent = agent
        self._admission = Admission(settings, bans)
        reliable, sessions = Reliable(agent), SessionTimers(agent)
        self._answering = Answering(agent, reliable, sessions)
        self._notifying = Notifying(agent)
        self._conversation = Conversation(agent, self._answering, reliable, sessions, self._notifying)
        self._inviting = Inviting(agent, self._conversation, reliable, sessions)
        self._outside = Outside(agent)
        self._registering = Registering(agent)
        self._reception = Reception(
            agent,
            self._admission,
            self._answering,
            self._conversation,
            self._outside,
            sessions,
            self._notifying,
            on_alias,
        )

    # -- for the driver ---------------------------------------------------------------------------------------------

    def receive(self, data: bytes, source: Flow, now: float) -> None:
        """Take one message (a datagram, or one that the stream's framing cut out). Never raises for what it says."""
        self._reception.receive(data, source, now)

    def expire(self, now: float) -> None:
        """Fire the timers that are due."""
        self._agent.timers.expire(now)

    def deadline(self) -> float | None:
        """When ``expire`` wants to be called; None: nothing is pending."""
        return self._agent.timers.deadline()

    def transmits(self) -> list[Transmit]:
        """Messages to send, in order; the list is handed over and forgotten."""
        around = self._agent.around
        sent, around.transmits = around.transmits, []
        return sent

    def events(self) -> list[Event]:
        """What happened, in order; the list is handed over and forgotten."""
        agent = self._agent
        happened, agent.events = agent.events, []
        return happened

    def transport_failed(self, destination: Flow, now: float) -> None:
        """Nothing can be sent there: transactions towards it end (RFC 3261 §17.1.4, §17.2.4)."""
        self._agent.transactions.fail(destination, now)

    def flow_lost(self, flow: Flow) -> None:
        """The connection of ``flow`` is gone: dialogs that followed it go where their far end's Contact says."""
        for call in self._agent.dialogs.values():
            if call.dialog is not None and call.dialog.flow == flow:
                call.dialog.leave_flow()
        self._agent.events.append(FlowLost(flow=flow))

    def lag(self, seconds: float) -> None:
        """How late the driver's loop is; beyond ``max_lag`` new calls get 503."""
        self._admission.lag = seconds

    @property
    def bans(self) -> Bans:
        """Who is not listened to."""
        return self._admission.bans

    def drain(self) -> None:
        """Refuse new calls with 503 from now on; calls in being go on."""
        self._admission.draining = True

    def sizes(self) -> dict[str, int]:
        """Entries of every table by name, that of rate limits apart: it forgets by itself."""
        agent = self._agent
        return {
            "calls": len(agent.calls),
            "dialogs": len(agent.dialogs),
            "requests": len(agent.requests),
            "pings": len(self._outside.pings),
            "messages": len(self._outside.messages),
            "registrations": len(self._registering.open),
            **self._notifying.sizes(),
            "timers": len(agent.timers),
            **agent.transactions.sizes(),
        }

    @property
    def idle(self) -> bool:
        """Whether every table is empty."""
        return not any(self.sizes().values())

    # -- intentions: calls out --------------------------------------------------------------------------------------

    def invite(self, invitation: Invitation, now: float) -> CallHandle:
        return self._inviting.invite(invitation, now)

    def acknowledge(self, call: CallHandle, sdp: bytes, now: float) -> None:
        found = self._agent.call(call, CallState.UNACKNOWLEDGED, CallState.CALLING)
        if found is None:
            return
        if found.state is CallState.CALLING and not found.due:
            raise LocalProtocolError("no offer waits for its answer")
        self._inviting.acknowledge(found, sdp, now)

    # -- intentions: calls in ---------------------------------------------------------------------------------------

    def ring(
        self, call: CallHandle, now: float, code: int = 180, *, sdp: bytes | None = None, headers: Headers = ()
    ) -> None:
        if (found := self._agent.call(call, CallState.OFFERED)) is not None:
            self._answering.ring(found, code, sdp, headers, now)

    def answer(self, call: CallHandle, sdp: bytes | None, now: float, headers: Headers = ()) -> None:
        if (found := self._agent.call(call, CallState.OFFERED)) is not None:
            self._answering.answer(found, sdp, headers, now)

    def refuse(self, call: CallHandle, code: int, now: float, reason: str = "", headers: Headers = ()) -> None:
        if (found := self._agent.call(call, CallState.OFFERED)) is not None:
            self._answering.refuse(found, code, reason, headers, now)

    def challenge(
        self,
        handle: CallHandle | RequestHandle | SubscriptionHandle,
        challenges: Sequence[str],
        now: float,
        *,
        proxy: bool = False,
    ) -> None:
        code, name = (407, "Proxy-Authenticate") if proxy else (401, "WWW-Authenticate")
        headers = [(name, value) for value in challenges]
        if RequestHandle(handle) in self._notifying.openings:
            self._notifying.refuse(SubscriptionHandle(handle), code, now, headers)
        elif RequestHandle(handle) in self._agent.requests:
            self._outside.challenge(RequestHandle(handle), code, headers)
        else:
            self.refuse(CallHandle(handle), code, now, headers=headers)

    # -- intentions: in a call --------------------------------------------------------------------------------------

    def hangup(self, call: CallHandle, now: float, reason: str = "", headers: Headers = ()) -> None:
        agent = self._agent
        found = agent.call(call, *CallState)
        if found is None:
            return
        fields = [*headers, ("Reason", reason)] if reason else headers
        match found.state:
            case CallState.OFFERED:
                self._answering.refuse(found, 603, "", fields, now)
            case CallState.CALLING:
                self._inviting.cancel(found, fields, now)
            case CallState.UNACKNOWLEDGED:
                self._inviting.acknowledge(found, b"", now)
                self._conversation.bye(found, fields, now)
            case CallState.ANSWERED | CallState.STANDING:
                self._conversation.hangup(found, fields, now)
            case CallState.CANCELING | CallState.LEAVING | CallState.ENDED:
                pass

    def reinvite(self, call: CallHandle, sdp: bytes, now: float, headers: Headers = ()) -> None:
        found = self._agent.call(call, CallState.STANDING)
        if found is None:
            return
        if found.outgoing_offer or found.offer_due or found.incoming_offer is not None or found.repeating is not None:
            raise LocalProtocolError("another offer is still open in this call")
        self._conversation.reinviting.reinvite(found, sdp, headers, now)

    def update(self, call: CallHandle, sdp: bytes, now: float, headers: Headers = ()) -> None:
        if (found := self._agent.call(call, *_OFFERING)) is not None:
            self._conversation.updating.update(found, sdp, headers, now)

    def accept_offer(self, call: CallHandle, sdp: bytes, now: float) -> None:
        if (found := self._agent.call(call, *_OFFERING)) is not None:
            self._conversation.accept_offer(found, sdp, now)

    def refuse_offer(self, call: CallHandle, now: float, code: int = 488, headers: Headers = ()) -> None:
        if (found := self._agent.call(call, *_OFFERING)) is not None:
            self._conversation.refuse_offer(found, code, headers, now)

    def info(self, call: CallHandle, content_type: str, body: bytes, now: float) -> None:
        if (found := self._agent.call(call, *_ESTABLISHED)) is not None:
            self._conversation.info(found, content_type, body, now)

    # -- intentions: transfers --------------------------------------------------------------------------------------

    def allows(self, call: CallHandle, method: str) -> bool:
        found = self._agent.calls.get(call)
        return found is not None and found.dialog is not None and found.dialog.allows(method)

    def refer(self, call: CallHandle, refer_to: str, now: float, headers: Headers = ()) -> None:
        found = self._agent.call(call, CallState.STANDING)
        if found is None:
            return
        if found.handle in self._notifying.referring.open:
            raise LocalProtocolError("another REFER is still open in this call")
        self._notifying.referring.refer(found, refer_to, headers, now)

    def accept_refer(self, refer: SubscriptionHandle, now: float) -> None:
        self._notifying.accept(refer, now)

    def refuse_refer(self, refer: SubscriptionHandle, code: int, now: float) -> None:
        self._notifying.refuse(refer, code, now)

    def tell_refer(self, refer: SubscriptionHandle, code: int, now: float, reason: str = "") -> None:
        self._notifying.sipfrag(refer, code, reason, now)

    def find(self, call_id: str, our_tag: str, their_tag: str) -> CallHandle | None:
        found = self._agent.find(call_id, our_tag, their_tag)
        return None if found is None else found.handle

    def names(self, call: CallHandle) -> DialogKey | None:
        return self._agent.names(call)

    # -- intentions: subscriptions and messages ---------------------------------------------------------------------

    def accept_subscription(self, subscription: SubscriptionHandle, now: float) -> None:
        self._notifying.accept(subscription, now)

    def refuse_subscription(
        self, subscription: SubscriptionHandle, code: int, now: float, headers: Headers = ()
    ) -> None:
        self._notifying.refuse(subscription, code, now, headers)

    def notify(self, subscription: SubscriptionHandle, content_type: str, render: Render, now: float) -> None:
        self._notifying.notify(subscription, content_type, render, now)

    def end_subscription(self, subscription: SubscriptionHandle, reason: Termination, now: float) -> None:
        self._notifying.terminate(subscription, reason, now)

    def message(self, message: InstantMessage, now: float) -> RequestHandle:
        return self._outside.send(message, now)

    def end_all(self, now: float) -> None:
        """Hang up whatever is left, without waiting for the far ends: the process ends."""
        for call in list(self._agent.calls.values()):
            self.hangup(call.handle, now)
            self._agent.report_end(call, EndCause.SHUTDOWN)
        self._notifying.end_all(now)

    # -- intentions: outside calls ----------------------------------------------------------------------------------

    def register(self, order: RegisterOrder, now: float) -> RequestHandle:
        return self._registering.register(order, now)

    def ping(
        self, target: str, now: float, destinations: Sequence[Flow] = (), path: Sequence[str] = ()
    ) -> RequestHandle:
        return self._outside.ping(target, destinations, path, now)

    def reply(
        self,
        handle: RequestHandle,
        code: int,
        now: float,
        reason: str = "",
        *,
        headers: Headers = (),
        body: bytes = b"",
    ) -> None:
        self._outside.reply(handle, code, reason, headers, body, now)
