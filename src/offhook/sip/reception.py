"""Reception: what arrives is checked (RFC 3261 §8.2, §16.3) and brought to its transaction, its call, or nobody."""

from __future__ import annotations

from collections.abc import Callable

from offhook.sip import grammar
from offhook.sip.admission import Admission
from offhook.sip.agent import Agent
from offhook.sip.answering import Answering
from offhook.sip.capabilities import ALLOW, METHODS, RELIABLE, SDP_TYPES, unsupported
from offhook.sip.conversation import Conversation
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response, check, parse
from offhook.sip.notifying import Notifying
from offhook.sip.outside import Outside
from offhook.sip.session_timer import SessionTimers
from offhook.sip.signalling import Headers
from offhook.sip.transaction.layer import respond_with
from offhook.sip.transaction.table import Input

_KNOWN_METHODS = frozenset(
    {*METHODS, "REFER", "NOTIFY", "SUBSCRIBE", "PUBLISH", "MESSAGE"}
)  # registered with IANA: 405; anything else: 501 (§8.2.1 and §21.5.2)


class Reception:
    """Takes every message."""

    def __init__(
        self,
        agent: Agent,
        admission: Admission,
        answering: Answering,
        conversation: Conversation,
        outside: Outside,
        sessions: SessionTimers,
        notifying: Notifying,
        on_alias: Callable[[Flow, str, int], None],
    ) -> None:
        """``on_alias`` is told the flow of a request whose Via says that its sender may be reached over it (RFC 5923), and
        where it would be reached otherwise.
        """
        self._agent = agent
        self._admission = admission
        self._answering = answering
        self._conversation = conversation
        self._outside = outside
        self._sessions = sessions
        self._notifying = notifying
        self._on_alias = on_alias

    def receive(self, data: bytes, source: Flow, now: float) -> None:
        if not data.strip(b"\r\n\x00 \t"):
            return  # a keep-alive (RFC 5626 §3.5.1)
        if self._admission.ignores(data, source.host, now):
            return
        try:
            message = parse(data, stream=source.transport.stream)
        except RemoteProtocolError:
            self._admission.hears(source.host, now)  # costs a token, and gets no answer: there is nobody to answer
            return
        try:
            if isinstance(message, Response):
                check(message)
                self._agent.transactions.receive_response(message, now)
            else:
                self._request(message, source, now)
        except RemoteProtocolError as error:
            self._complain(message, source, error, now)

    def _request(self, request: Request, source: Flow, now: float) -> None:
        agent = self._agent
        reply_to = self._stamp(request, source)
        transaction = agent.transactions.server_of(request)
        if transaction is not None:
            what = Input.ACK if request.method == "ACK" else Input.REQUEST
            transaction.feed(what, now, request)
            return
        to_tag = request.to_tag
        if to_tag:
            call = agent.dialogs.get((request.call_id, to_tag, request.from_tag))
            if call is not None and request.method != "CANCEL":
                check(request)
                if request.method == "ACK":
                    self._answering.acknowledged(call, request, now)
                elif not self._refused(request, reply_to):
                    if call.dialog is not None:
                        call.dialog.follow(source)
                    self._conversation.receive(call, request, reply_to, now)
                return
            if request.method in ("SUBSCRIBE", "NOTIFY", "REFER") and self._notifying.knows(request):
                check(request)
                if not self._refused(request, reply_to):
                    self._notifying.receive(request, reply_to, now)
                return
        if request.method == "ACK":
            return
        if request.method == "CANCEL":
            if agent.transactions.cancelled_by(request) is not None or self._admission.hears(source.host, now):
                check(request)
                self._answering.cancel(request, reply_to, now)
            return
        if self._admission.hears(source.host, now):
            self._initial(request, source, reply_to, now)

    def _initial(self, request: Request, source: Flow, reply_to: Flow, now: float) -> None:
        """A request that belongs to nothing yet; refusals need no transaction (§8.2.7)."""
        agent, method = self._agent, request.method
        if self._admission.scans(request.get("user-agent")):
            return
        if not self._admission.takes_calls(len(agent.calls), len(agent.transactions)) and (
            method == "INVITE" or len(agent.transactions) >= agent.settings.max_transactions
        ):
            retry = ("Retry-After", str(agent.settings.retry_after))
            agent.respond_statelessly(request, 503, reply_to, [retry])
            return
        check(request)
        if self._refused(request, reply_to):
            return
        if request.to_tag:
            agent.respond_statelessly(request, 481, reply_to)  # §12.2.2
        elif agent.transactions.merged(request):
            agent.respond_statelessly(request, 482, reply_to)  # §8.2.2.2
        elif method == "INVITE":
            self._invite(request, source, reply_to, now)
        elif method == "REGISTER":
            self._outside.register(request, source, reply_to, now)
        elif method == "OPTIONS":
            self._outside.options(request, reply_to, now)
        elif method == "MESSAGE":
            self._outside.message(request, source, reply_to, now)
        elif method in ("REFER", "SUBSCRIBE"):
            self._notifying.outside(request, source, reply_to, now)
        else:
            agent.respond_statelessly(request, 481, reply_to)  # BYE and INFO live in dialogs only

    def _invite(self, request: Request, source: Flow, reply_to: Flow, now: float) -> None:
        agent = self._agent
        if request.max_forwards == 0:
            agent.respond_statelessly(request, 483, reply_to)  # RFC 7332: what we may call in turn must not loop
        elif request.content_type not in SDP_TYPES:
            agent.respond_statelessly(request, 415, reply_to, [("Accept", "application/sdp")])
        elif request.body and _encoded(request):
            agent.respond_statelessly(request, 415, reply_to, [("Accept-Encoding", "identity")])
        elif agent.settings.prack == "required" and RELIABLE not in [*request.supported, *request.require]:
            agent.respond_statelessly(request, 421, reply_to, [("Require", RELIABLE)])
        elif (brief := self._sessions.refusal(request)) is not None:
            agent.respond_statelessly(request, 422, reply_to, brief)
        elif not request.from_tag:
            raise RemoteProtocolError("an INVITE without From tag")
        else:
            self._answering.invite(request, source, reply_to, now)

    def _refused(self, request: Request, reply_to: Flow) -> bool:
        """Checks that hold for every new request (§8.2.1 to §8.2.3)."""
        agent, headers = self._agent, list[tuple[str, str]]()
        refusal = 0
        if request.method not in METHODS:
            refusal = 405 if request.method in _KNOWN_METHODS else 501
            headers = [("Allow", ALLOW)]
        elif request.uri.partition(":")[0].lower() not in ("sip", "sips", "tel"):
            refusal = 416
        elif request.method != "CANCEL" and (unknown := unsupported(request.values("require"), agent.settings)):
            if not all(map(grammar.is_token, unknown)):
                raise RemoteProtocolError("Require holds what is no option tag")
            refusal = 420
            headers = [("Unsupported", ", ".join(unknown))]
        if refusal:
            agent.respond_statelessly(request, refusal, reply_to, headers)
        return refusal != 0

    def _stamp(self, request: Request, source: Flow) -> Flow:
        """Note in Via where the request came from (§18.2.1, RFC 3581); gives where its responses go (§18.2.2)."""
        via = request.via
        stamped = via.received_from(source.host, source.port)
        if stamped is not via:
            request.replace_top_via(stamped)
        if source.transport.stream and "alias" in via.parameters:
            port = source.transport.default_port if via.port is None else via.port
            self._on_alias(source, via.host.strip("[]"), port)
        if source.transport.reliable or via.wants_rport:
            return source
        return source._replace(port=via.port or 5060)

    def _complain(self, message: Request | Response, source: Flow, error: RemoteProtocolError, now: float) -> None:
        """Answer a broken request, if it can be answered at all and its sender is within its limits."""
        if isinstance(message, Response) or message.method == "ACK":
            return
        try:
            transaction = self._agent.transactions.server_of(message)  # opened before the defect was met
            if transaction is None and not self._admission.hears(source.host, now):
                return
            reply_to = self._stamp(message, source)
            headers: Headers = ()
            phrase = str(error).encode("ascii", "replace").decode("ascii")[:80].replace('"', "'")
            response = self._agent.response(message, error.status_hint, f"Bad Request: {phrase}", headers=headers)
            if transaction is None:
                self._agent.send(bytes(response), reply_to)
            else:
                respond_with(transaction, response, now)
        except RemoteProtocolError:
            return  # not even a Via: nobody to answer


def _encoded(request: Request) -> bool:
    """Whether the body is packed in a way that nobody here undoes (§8.2.3)."""
    return any(coding.strip().lower() not in ("", "identity") for coding in request.values("content-encoding"))
