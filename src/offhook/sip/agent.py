"""What the parts of an endpoint share: its tables, the making of requests and responses, the list of events."""

from __future__ import annotations

from collections.abc import Callable

from offhook.sip.call import Call, CallState
from offhook.sip.capabilities import capabilities
from offhook.sip.dialog import Dialog, DialogKey
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallEnded, CallHandle, EndCause, Event, RequestHandle
from offhook.sip.exchange import Exchange, OnFinal
from offhook.sip.flow import Flow, HostPort, Transmit
from offhook.sip.identifiers import Identifiers
from offhook.sip.locating import Permits, anywhere, is_address
from offhook.sip.message import Request, Response
from offhook.sip.offering import OfferInput
from offhook.sip.outages import Outages
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Headers
from offhook.sip.timers import Timers
from offhook.sip.transaction.durations import Durations
from offhook.sip.transaction.layer import Transactions, respond_with
from offhook.sip.transaction.size import SizeSwitch
from offhook.sip.transaction.transaction import Surroundings, Transaction
from offhook.sip.uri import Uri, is_sips

_OWN = frozenset(
    [
        "via",
        "from",
        "to",
        "call-id",
        "cseq",
        "contact",
        "max-forwards",
        "route",
        "record-route",
        "content-length",
        "content-type",
    ]
)  # what the endpoint writes itself


_TARGETING = ("INVITE", "OPTIONS", "UPDATE", "REFER", "NOTIFY", "SUBSCRIBE")
"""Methods whose requests bring a Contact."""
_DECLARING = ("INVITE", "OPTIONS", "UPDATE")
"""Methods whose requests say what we can do."""


class Agent:
    """The common ground of ``Endpoint``, ``Answering``, ``Inviting``, ``Conversation`` and ``Outside``."""

    def __init__(
        self,
        settings: SipSettings,
        random_bits: Callable[[int], int],
        local_address: Callable[[Flow], HostPort],
        permits: Permits = anywhere,
    ) -> None:
        self._permits = permits
        self.settings = settings
        self.ids = Identifiers(random_bits)
        self.local_address = local_address
        self.timers = Timers()
        self.durations = Durations(settings)
        self.around = Surroundings(self.timers, self.durations, SizeSwitch(settings.max_datagram))
        self.transactions = Transactions(self.around)
        self.outages = Outages(settings)
        self.events: list[Event] = []
        self.lost: Callable[[Call, float], None] = lambda _call, _now: None
        """A request within the dialog got 408 or 481; ``Conversation`` says what follows."""
        self.over: Callable[[CallHandle], object] = lambda _call: None
        """The end of a call is being told; ``Referring`` gives up what it asked in it."""
        self.calls: dict[CallHandle, Call] = {}
        """Calls whose end was not reported yet."""
        self.dialogs: dict[DialogKey, Call] = {}
        self.requests: dict[RequestHandle, Transaction] = {}
        """Requests outside calls that wait for our reply."""
        self.capabilities = capabilities(settings)
        """Allow, Supported, Recv-Info."""
        self._issued = 0
        self._software: Headers = (("User-Agent", settings.user_agent),) if settings.user_agent else ()
        self._server: Headers = (("Server", settings.user_agent),) if settings.user_agent else ()

    # -- handles ----------------------------------------------------------------------------------------------------

    def new_handle(self) -> int:
        self._issued += 1
        return self._issued

    def call(self, handle: CallHandle, *states: CallState) -> Call | None:
        """The call, if it is in one of ``states``; None when it has ended."""
        call = self.calls.get(handle)
        if call is None:
            if not 0 < handle <= self._issued:
                raise LocalProtocolError(f"there never was a call {handle}")
            return None
        if call.state in states:
            return call
        if call.state in (CallState.LEAVING, CallState.CANCELING, CallState.ENDED):
            return None
        raise LocalProtocolError(f"not possible while the call is {call.state.name}")

    def find(self, call_id: str, local_tag: str, remote_tag: str) -> Call | None:
        """The call of a dialog, or the one of ours that rings there (RFC 3891 section 3: its remote tag is not known yet)."""
        found = self.dialogs.get((call_id, local_tag, remote_tag))
        if found is not None:
            return None if found.reported else found
        ringing = (call for call in self.calls.values() if call.state is CallState.CALLING)
        return next((c for c in ringing if (c.invite.call_id, c.local_tag) == (call_id, local_tag)), None)

    def names(self, handle: CallHandle) -> DialogKey | None:
        """Call-ID, our tag and theirs, empty while nobody has answered; None when the call has ended."""
        call = self.calls.get(handle)
        if call is None:
            return None
        return (call.invite.call_id, call.local_tag, "") if call.dialog is None else call.dialog.key

    # -- the end of calls -------------------------------------------------------------------------------------------

    def report_end(
        self, call: Call, cause: EndCause, code: int | None = None, message: Request | Response | None = None
    ) -> None:
        """Tell once that the call is over; its dialog may still have something to finish."""
        if call.reported:
            return
        call.reported = True
        if call.patience is not None:
            call.patience.stop()
        del self.calls[call.handle]
        self.over(call.handle)
        self.events.append(CallEnded(call=call.handle, cause=cause, code=code, message=message))

    def end(
        self, call: Call, cause: EndCause, code: int | None = None, message: Request | Response | None = None
    ) -> None:
        """The call is over and nothing is left to do in its dialog; an offer that waits for our decision gets 487."""
        call.state = CallState.ENDED
        if (offer := call.decide()) is not None:
            self.timers.start(0.0, lambda at: self.respond(offer, 487, at))  # at once: a timer knows what time it is
        call.stop_limit()
        call.stop_repeating()
        call.stop_extensions()
        transaction, call.transaction = call.transaction, None
        if transaction is not None and transaction.answered:
            transaction.retire()
        self.forget_early(call)
        if call.dialog is not None and self.dialogs.get(call.dialog.key) is call:
            del self.dialogs[call.dialog.key]
        self.report_end(call, cause, code, message)

    def forget_early(self, call: Call) -> None:
        """Requests in the early dialogs of an outgoing call no longer find it."""
        for dialog in call.early.values():
            self.dialogs.pop(dialog.key, None)

    # -- responses --------------------------------------------------------------------------------------------------

    def response(
        self,
        request: Request,
        code: int,
        reason: str = "",
        *,
        to_tag: str = "",
        headers: Headers = (),
        body: bytes = b"",
        content_type: str = "application/sdp",
    ) -> Response:
        """A response of ours, with the headers that all of them have."""
        fields = [*headers, *self._server]
        if body:
            fields.append(("Content-Type", content_type))
        return request.response(code, reason, to_tag=to_tag, headers=fields, body=body)

    def respond(
        self,
        transaction: Transaction,
        code: int,
        now: float,
        *,
        to_tag: str = "",
        headers: Headers = (),
        body: bytes = b"",
    ) -> None:
        """Answer through a transaction."""
        tag = to_tag or self.ids.tag()
        response = self.response(transaction.request, code, to_tag=tag, headers=headers, body=body)
        respond_with(transaction, response, now)

    def respond_statelessly(self, request: Request, code: int, flow: Flow, headers: Headers = ()) -> None:
        """Answer and forget; for what would cost more to remember."""
        response = self.response(request, code, to_tag=self.ids.tag(), headers=headers)
        self.send(bytes(response), flow)

    def send(self, data: bytes, flow: Flow) -> None:
        self.around.transmits.append(Transmit(data=data, destination=flow))

    def retry_soon(self) -> tuple[str, str]:
        """The Retry-After of a 500 for what came too soon (§14.2; RFC 3311 §5.2)."""
        return "Retry-After", str(self.ids.below(11))

    def glare_pause(self, dialog: Dialog) -> float:
        """Seconds to wait after a 491, longer for the side that owns the Call-ID (§14.1)."""
        return 2.1 + self.ids.below(191) / 100 if dialog.is_caller else self.ids.below(201) / 100

    def await_decision(self, call: Call, offer: Transaction, now: float) -> None:
        """Remember an offer of theirs until ``accept_offer`` or ``refuse_offer``; 500 (504 where no INVITE brought it)."""
        call.incoming_offer = offer
        call.offer_limit = self.timers.start(now + self.settings.reply_limit, lambda at: self._undecided(call, at))

    def _undecided(self, call: Call, now: float) -> None:
        offer = call.decide()
        if offer is not None:
            self.refuse_offer(call, offer, 500 if offer.request.method == "INVITE" else 504, now)

    def refuse_offer(self, call: Call, offer: Transaction, code: int, now: float, headers: Headers = ()) -> None:
        """Refuse a re-INVITE, UPDATE or PRACK; the session goes on as it was."""
        dialog = call.dialog_with(offer.request.from_tag)
        if dialog is not None:
            dialog.offers.take(OfferInput.FAILED)
        respond_with(offer, self.response(offer.request, code, headers=headers), now)

    # -- requests ---------------------------------------------------------------------------------------------------

    def via(self, flow: Flow) -> str:
        """A Via of a new transaction, with rport (RFC 3581), and over streams with alias (RFC 5923)."""
        transport = flow.transport.value.upper()
        alias = ";alias" if flow.transport.stream else ""
        return f"SIP/2.0/{transport} {self.local_address(flow)};branch={self.ids.branch()};rport{alias}"

    def contact(self, flow: Flow, user: str = "", *, sips: bool = False) -> str:
        """Our Contact for a peer, a SIPS URI where ``sips`` (§8.1.1.8, §12.1.1) and the peer is reached so: behind a proxy that
        deciphers for us nobody would be there.
        """
        address = f"{self._user_part(user)}{self.local_address(flow)}"
        if sips and flow.transport.secure:
            return f"<sips:{address}{flow.transport.parameter if flow.transport.web else ''}>"
        return f"<sip:{address}{flow.transport.parameter}>"

    @staticmethod
    def _user_part(user: str) -> str:
        """With its at sign, and with the escapes that it needs."""
        return str(Uri(user=user, host="h")).removeprefix("sip:").removesuffix("h") if user else ""

    def request(
        self,
        method: str,
        uri: str,
        flow: Flow,
        *,
        from_: str,
        to: str,
        call_id: str,
        cseq: int,
        routes: list[str] | None = None,
        contact_user: str = "",
        headers: Headers = (),
        body: bytes = b"",
        content_type: str = "application/sdp",
    ) -> Request:
        """A request of ours, with the headers that all of them have; ``headers`` cannot replace those."""
        fields = [("Via", self.via(flow)), ("Max-Forwards", "70")]
        fields += [("Route", route) for route in routes or ()]
        fields += [("From", from_), ("To", to), ("Call-ID", call_id), ("CSeq", f"{cseq} {method}")]
        if method in _TARGETING:
            sips = any(map(is_sips, (uri, *(routes or ())[:1])))
            fields.append(("Contact", self.contact(flow, contact_user, sips=sips)))
        if method in _DECLARING:
            fields += self.capabilities
        fields += self._software
        fields += [pair for pair in headers if pair[0].lower() not in _OWN]
        if body:
            fields.append(("Content-Type", content_type))
        return Request.build(method, uri, fields, body)

    def in_dialog(
        self,
        dialog: Dialog,
        method: str,
        flow: Flow,
        *,
        cseq: int | None = None,
        headers: Headers = (),
        body: bytes = b"",
        content_type: str = "application/sdp",
    ) -> Request:
        """A request within a dialog (§12.2.1.1); ACK brings the ``cseq`` of its INVITE."""
        uri, routes = dialog.routing()
        return self.request(
            method,
            uri,
            flow,
            from_=dialog.local,
            to=dialog.remote,
            call_id=dialog.call_id,
            cseq=dialog.next_cseq() if cseq is None else cseq,
            routes=routes,
            headers=headers,
            body=body,
            content_type=content_type,
        )

    def way(self, dialog: Dialog) -> Flow | None:
        """Where requests in ``dialog`` go next: as its routes and its Contact say, but nobody out on the public internet leads
        us into other networks. What he names there is of no use anyway; the way by which he came leads back to him.
        """
        flow, here = dialog.destination(), dialog.flow
        if flow is None or flow.host == here.host or not self._permits(here.host):
            return flow
        if not is_address(flow.host):
            return flow._replace(guarded=True)
        return flow if self._permits(flow.host) else here

    def ask(
        self,
        call: Call,
        method: str,
        now: float,
        on_final: OnFinal,
        *,
        headers: Headers = (),
        body: bytes = b"",
        content_type: str = "application/sdp",
        dialog: Dialog | None = None,
    ) -> Exchange | None:
        """Send a request in ``dialog``, else in the one of ``call``; ``on_final(response or None, now)`` follows, at once
        when there is no way to the far end.
        """
        dialog = dialog or call.dialog
        flow = None if dialog is None else self.way(dialog)
        if dialog is None or flow is None:
            on_final(None, now)
            return None
        request = self.in_dialog(dialog, method, flow, headers=headers, body=body, content_type=content_type)
        exchange = Exchange(self.transactions, on_final, call.username, call.password, self.ids)
        exchange.dialog = dialog
        exchange.start(request, flow, now)
        return exchange
