"""REGISTER of ours: one request to the servers of a registrar, its challenge answered, and what came back (RFC 3261 §10.2).

When to send the next one is ``registration``'s business.
"""

from __future__ import annotations

from offhook.sip.agent import Agent
from offhook.sip.dialog import flow_towards
from offhook.sip.enquiry import Enquiry
from offhook.sip.errors import LocalProtocolError, RemoteProtocolError
from offhook.sip.events import RegisterAnswered, RequestHandle
from offhook.sip.flow import Flow
from offhook.sip.headers import retry_after
from offhook.sip.message import Request, Response
from offhook.sip.registration import Answer
from offhook.sip.signalling import RegisterOrder
from offhook.sip.uri import Uri


class Registering:
    """The client side of REGISTER."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.open: set[RequestHandle] = set()
        """Those that wait for an answer."""

    def register(self, order: RegisterOrder, now: float) -> RequestHandle:
        agent = self._agent
        uri = Uri.parse(order.registrar)
        flow = flow_towards(uri)
        servers = order.destinations or (() if flow is None else (flow,))
        if not servers:
            raise LocalProtocolError(f"no transport leads to {order.registrar[:80]!r}")
        handle, tag = RequestHandle(agent.new_handle()), agent.ids.tag()
        asked, contact = servers[0], ""

        def build(server: Flow) -> Request:
            nonlocal asked, contact
            asked, contact = server, agent.contact(server, order.contact_user, sips=uri.scheme == "sips")
            request = agent.request(
                "REGISTER",
                str(Uri(scheme=uri.scheme, host=uri.host, port=uri.port)),
                server,
                from_=f"<{order.address}>;tag={tag}",
                to=f"<{order.address}>",
                call_id=order.call_id,
                cseq=order.cseq,
                headers=[("Expires", str(order.expires))],
            )
            request.add("Contact", f"{contact};expires={order.expires}")
            return request

        def final(response: Response | None, _at: float) -> None:
            self.open.discard(handle)
            agent.events.append(RegisterAnswered(handle=handle, answer=read(response, contact), server=asked))

        self.open.add(handle)
        Enquiry(agent, build, final, username=order.username, password=order.password).start(servers, now)
        return handle


def read(response: Response | None, contact: str) -> Answer:
    """What a response to our REGISTER says about ``contact``; one whose contacts cannot be read says nothing of the time."""
    if response is None:
        return Answer(code=None, reason="it does not answer")
    minimum = response.get("min-expires")
    return Answer(
        code=response.status,
        expires=_granted(response, contact),
        min_expires=int(minimum) if minimum is not None and minimum.isdigit() and len(minimum) < 10 else None,
        retry_after=retry_after(response.get("retry-after")),
    )


def _granted(response: Response, contact: str) -> int | None:
    ours = Uri.parse(contact.strip("<>"))
    try:
        for value in response.contacts:
            same = (value.uri.user, value.uri.host, value.uri.port) == (ours.user, ours.host, ours.port)
            text = value.parameters.get("expires") or ""
            if same and text.isascii() and text.isdigit() and len(text) < 10:
                return int(text)
    except RemoteProtocolError:
        return None
    return response.expires
