"""What the parts of an endpoint share: its tables, the making of requests and responses, the list of events."""

from __future__ import annotations

from collections.abc import Callable

from offhook.sip.call import Call, CallState
from offhook.sip.dialog import Dialog, DialogKey
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallEnded, CallHandle, EndCause, Event, RequestHandle
from offhook.sip.exchange import Exchange, OnFinal
from offhook.sip.flow import Flow, HostPort, Transmit
from offhook.sip.identifiers import Identifiers
from offhook.sip.message import Request, Response
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Headers
from offhook.sip.timers import Timers
from offhook.sip.transaction.durations import Durations
from offhook.sip.transaction.layer import Transactions, respond_with
from offhook.sip.transaction.transaction import Surroundings, Transaction
from offhook.sip.uri import Uri

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "REGISTER")
ALLOW = ", ".join(METHODS)
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


class Agent:
    """The common ground of ``Endpoint``, ``Answering``, ``Inviting``, ``Conversation`` and ``Outside``."""

    def __init__(
        self,
        settings: SipSettings,
        random_bits: Callable[[int], int],
        local_address: Callable[[Flow], HostPort],
    ) -> None:
        self.settings = settings
        self.ids = Identifiers(random_bits)
        self.local_address = local_address
        self.timers = Timers()
        self.durations = Durations(settings)
        self.around = Surroundings(self.timers, self.durations)
        self.transactions = Transactions(self.around)
        self.events: list[Event] = []
        self.calls: dict[CallHandle, Call] = {}
        """Calls whose end was not reported yet."""
        self.dialogs: dict[DialogKey, Call] = {}
        self.requests: dict[RequestHandle, Transaction] = {}
        """Requests outside calls that wait for our reply."""
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
        self.events.append(CallEnded(call=call.handle, cause=cause, code=code, message=message))

    def end(
        self, call: Call, cause: EndCause, code: int | None = None, message: Request | Response | None = None
    ) -> None:
        """The call is over and nothing is left to do in its dialog."""
        call.state = CallState.ENDED
        call.stop_limit()
        call.stop_repeating()
        call.transaction = None  # it knows the call as its user: without the circle both are freed at once
        if call.dialog is not None and self.dialogs.get(call.dialog.key) is call:
            del self.dialogs[call.dialog.key]
        self.report_end(call, cause, code, message)

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
        self, transaction: Transaction, code: int, now: float, *, to_tag: str = "", headers: Headers = ()
    ) -> None:
        """Answer through a transaction."""
        response = self.response(transaction.request, code, to_tag=to_tag or self.ids.tag(), headers=headers)
        respond_with(transaction, response, now)

    def respond_statelessly(self, request: Request, code: int, flow: Flow, headers: Headers = ()) -> None:
        """Answer and forget; for what would cost more to remember."""
        response = self.response(request, code, to_tag=self.ids.tag(), headers=headers)
        self.send(bytes(response), flow)

    def send(self, data: bytes, flow: Flow) -> None:
        self.around.transmits.append(Transmit(data=data, destination=flow))

    # -- requests ---------------------------------------------------------------------------------------------------

    def via(self, flow: Flow) -> str:
        """A Via of a new transaction, with rport (RFC 3581)."""
        transport = flow.transport.value.upper()
        return f"SIP/2.0/{transport} {self.local_address(flow)};branch={self.ids.branch()};rport"

    def contact(self, flow: Flow, user: str = "") -> str:
        """Our Contact for a peer."""
        transport = f";transport={flow.transport.value}" if flow.transport.reliable else ""
        return f"<sip:{self._user_part(user)}{self.local_address(flow)}{transport}>"

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
        if method in ("INVITE", "OPTIONS"):
            fields += [("Contact", self.contact(flow, contact_user)), ("Allow", ALLOW)]
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
    ) -> Exchange | None:
        """Send a request in the dialog of ``call``; ``on_final(response or None, now)`` follows, at once when there is
        no way to the far end.
        """
        dialog = call.dialog
        flow = None if dialog is None else dialog.destination()
        if dialog is None or flow is None:
            on_final(None, now)
            return None
        request = self.in_dialog(dialog, method, flow, headers=headers, body=body, content_type=content_type)
        exchange = Exchange(self.transactions, on_final, call.username, call.password, self.ids)
        exchange.dialog = dialog
        exchange.start(request, flow, now)
        return exchange
