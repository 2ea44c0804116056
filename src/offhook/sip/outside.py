"""Requests outside calls: REGISTER for whoever keeps the bindings, OPTIONS and MESSAGE both ways (RFC 3261 §10, §11; RFC 3428)."""

from __future__ import annotations

from collections.abc import Sequence

from offhook.sip.agent import Agent
from offhook.sip.answering import Silent
from offhook.sip.capabilities import ACCEPT
from offhook.sip.dialog import flow_towards, routing
from offhook.sip.enquiry import Enquiry
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import MessageAnswered, MessageReceived, PingAnswered, RegisterReceived, RequestHandle
from offhook.sip.exchange import Exchange
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response
from offhook.sip.signalling import Headers, InstantMessage
from offhook.sip.transaction.layer import respond_with
from offhook.sip.uri import NameAddr, Uri, is_sips

_TAKES: Headers = (("Accept", ACCEPT), ("Accept-Encoding", "identity"), ("Accept-Language", "en"))


class Outside:
    """The user agent beside its calls."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.pings: set[RequestHandle] = set()
        """Those of ours that wait for an answer."""
        self.messages: dict[RequestHandle, Exchange] = {}

    def register(self, request: Request, source: Flow, reply_to: Flow, now: float) -> None:
        """Hand a REGISTER up; answer 500 if nobody decides."""
        handle = self._open(request, reply_to, now)
        self._agent.events.append(RegisterReceived(handle=handle, request=request, source=source))

    def message(self, request: Request, source: Flow, reply_to: Flow, now: float) -> None:
        """Hand a MESSAGE up (RFC 3428 section 7)."""
        agent = self._agent
        if len(request.body) > agent.settings.max_message:
            agent.respond_statelessly(request, 413, reply_to)
            return
        handle = self._open(request, reply_to, now)
        agent.events.append(MessageReceived(handle=handle, request=request, source=source))

    def _open(self, request: Request, reply_to: Flow, now: float) -> RequestHandle:
        agent = self._agent
        handle = RequestHandle(agent.new_handle())
        agent.requests[handle] = agent.transactions.open_server(request, reply_to, Silent(), now)
        agent.timers.start(now + agent.settings.reply_limit, lambda at: self.reply(handle, 500, "", (), b"", at))
        return handle

    def options(self, request: Request, reply_to: Flow, now: float) -> None:
        """Say what we can (§11.2)."""
        agent = self._agent
        own = agent.transactions.open_server(request, reply_to, Silent(), now)
        contact = agent.contact(reply_to, sips=is_sips(request.uri))
        agent.respond(own, 200, now, headers=(("Contact", contact), *agent.capabilities, *_TAKES))

    def reply(self, handle: RequestHandle, code: int, reason: str, headers: Headers, body: bytes, now: float) -> None:
        if not 200 <= code < 700:
            raise LocalProtocolError(f"{code} is not a final status")
        agent = self._agent
        transaction = agent.requests.pop(handle, None)
        if transaction is None:
            return
        response = agent.response(transaction.request, code, reason, to_tag=agent.ids.tag(), headers=headers, body=body)
        respond_with(transaction, response, now)

    def challenge(self, handle: RequestHandle, code: int, headers: Headers) -> None:
        """Ask for credentials and remember nothing (§8.2.7): who did not hear it asks again and is asked again."""
        agent = self._agent
        transaction = agent.requests.pop(handle)
        response = agent.response(transaction.request, code, to_tag=agent.ids.tag(), headers=headers)
        agent.send(bytes(response), transaction.flow)
        transaction.end()

    def ping(self, target: str, destinations: Sequence[Flow], path: Sequence[str], now: float) -> RequestHandle:
        """Send OPTIONS, by the proxies of ``path``."""
        agent = self._agent
        uri = Uri.parse(target)
        flow = flow_towards(uri)
        servers = destinations or (() if flow is None else (flow,))
        if not servers:
            raise LocalProtocolError(f"no transport leads to {target[:80]!r}")
        handle = RequestHandle(agent.new_handle())
        tag, call_id = agent.ids.tag(), agent.ids.call_id()

        def build(server: Flow) -> Request:
            from_ = f"<sip:{agent.local_address(server)}>;tag={tag}"
            first, routes = routing(str(uri), list(path))
            return agent.request(
                "OPTIONS", first, server, from_=from_, to=f"<{uri}>", call_id=call_id, cseq=1, routes=routes
            )

        def final(response: Response | None, _at: float) -> None:
            self.pings.discard(handle)
            code = None if response is None else response.status
            agent.events.append(PingAnswered(handle=handle, code=code, response=response))

        self.pings.add(handle)
        Enquiry(agent, build, final).start(servers, now)
        return handle

    def send(self, message: InstantMessage, now: float) -> RequestHandle:
        """Send a MESSAGE; it makes no dialog and has no Contact (RFC 3428 section 4)."""
        agent = self._agent
        uri = Uri.parse(message.target)
        flow = message.destination or flow_towards(uri)
        if flow is None:
            raise LocalProtocolError(f"no transport leads to {message.target[:80]!r}")
        handle = RequestHandle(agent.new_handle())
        from_ = NameAddr(uri=Uri.parse(message.from_uri), display_name=message.from_name)
        request = agent.request(
            "MESSAGE",
            str(uri),
            flow,
            from_=str(from_.with_tag(agent.ids.tag())),
            to=f"<{message.to_uri or uri}>",
            call_id=agent.ids.call_id(),
            cseq=1,
            body=message.body,
            content_type=message.content_type,
        )

        def final(response: Response | None, _at: float) -> None:
            del self.messages[handle]
            code = None if response is None else response.status
            agent.events.append(MessageAnswered(handle=handle, code=code))

        exchange = Exchange(agent.transactions, final, None, None, agent.ids)
        self.messages[handle] = exchange
        exchange.start(request, flow, now)
        return handle
