"""Dialogs (RFC 3261 §12): what two user agents remember of each other: tags, sequence numbers, routes, the remote target."""

from __future__ import annotations

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Flow, Transport
from offhook.sip.grammar import split_list
from offhook.sip.locating import is_address
from offhook.sip.message import Request, Response
from offhook.sip.offering import OfferInput, Offers
from offhook.sip.uri import NameAddr, Uri, is_sips

DialogKey = tuple[str, str, str]
"""Call-ID, local tag, remote tag."""


def flow_towards(uri: Uri, known: Flow | None = None) -> Flow | None:
    """The flow that a URI names; ``known`` itself when it leads there already. None: a transport that is not spoken. Where a
    name has no port, DNS says it (RFC 3263 §4.2): port 0.
    """
    transport = Transport.asked(uri.scheme, uri.transport) if uri.is_sip else None
    if transport is None:
        return None
    host, port = uri.address, uri.port or transport.default_port
    if known is not None and (known.host, known.port) == (host, port):
        unnamed = uri.transport is None and uri.scheme == "sip"
        if unnamed or known.transport.serves(transport):
            return known
    asked = uri.port is None and not is_address(host) and not transport.web
    return Flow(transport, host, 0 if asked else port)


def routing(target: str, routes: list[str]) -> tuple[str, list[str]]:
    """Request-URI and Route values of a request that shall pass ``routes`` (§8.1.1.1, §12.2.1.1)."""
    if not routes:
        return target, []
    first = NameAddr.parse(routes[0]).uri
    if first.lr:
        return target, routes
    return str(first.without_parameters("method")), [*routes[1:], f"<{target}>"]


class Dialog:
    """One dialog, of either role."""

    __slots__ = (
        "allowed", "call_id", "direct", "flow", "is_caller", "local", "local_cseq", "local_tag", "offers", "referred",
        "remote", "remote_cseq", "remote_tag", "routes", "rseq", "said", "sips", "target",
    )  # fmt: skip

    def __init__(
        self, *, call_id: str, local: str, remote: str, local_tag: str, remote_tag: str, routes: list[str],
        target: str, flow: Flow, is_caller: bool, direct: bool,
    ) -> None:  # fmt: skip
        self.call_id = call_id
        self.local = local
        """Our From or To value, with its tag."""
        self.remote = remote
        self.local_tag = local_tag
        self.remote_tag = remote_tag
        self.routes = routes
        """Route values, in the order in which requests of ours carry them."""
        self.target = target
        """Their Contact URI."""
        self.flow = flow
        """The flow of the INVITE."""
        self.direct = direct
        """No proxy in between: requests follow ``flow`` even where Contact says otherwise, as behind a NAT."""
        self.is_caller = is_caller
        self.local_cseq = 0
        self.remote_cseq = -1
        self.allowed: list[str] = []
        """Values of their Allow header."""
        self.offers = Offers()
        self.said: bytes | None = None
        """Our last session description."""
        self.rseq = 0
        """Number of their last reliable provisional response; 0: none yet."""
        self.sips = False
        """Whether our Contact in it must be a SIPS URI (§12.1.1)."""
        self.referred = False
        """Whether a REFER came in it before."""

    @classmethod
    def of_incoming(cls, invite: Request, local_tag: str, source: Flow) -> Dialog:
        """The dialog that an INVITE and our response to it make (§12.1.1)."""
        contact = invite.contact
        if contact is None:
            raise RemoteProtocolError(f"a dialog needs a Contact, and this {invite.method} has none")
        routes = [str(route) for route in invite.record_routes]
        vias = sum(1 + value.count(",") for value in invite.lines("via"))
        dialog = cls(
            call_id=invite.call_id,
            local=f"{invite.get('to')};tag={local_tag}",
            remote=invite.get("from") or "",
            local_tag=local_tag,
            remote_tag=invite.from_tag,
            routes=routes,
            target=str(contact.uri),
            flow=source,
            is_caller=False,
            direct=not routes and vias == 1,
        )
        dialog.sips = is_sips(invite.uri) or is_sips(routes[0] if routes else dialog.target)
        dialog.remote_cseq = invite.cseq.number
        dialog.allowed = invite.lines("allow")
        if invite.sdp is not None:
            dialog.offers.take(OfferInput.OFFER_CAME)
        return dialog

    @classmethod
    def of_outgoing(cls, invite: Request, response: Response, flow: Flow) -> Dialog:
        """The dialog that our INVITE and a response with a To tag make (§12.1.2)."""
        routes = [str(route) for route in reversed(response.record_routes)]
        contact = response.contact
        target = invite.uri if contact is None else str(contact.uri)
        dialog = cls(
            call_id=invite.call_id,
            local=invite.get("from") or "",
            remote=response.get("to") or "",
            local_tag=invite.from_tag,
            remote_tag=response.to_tag,
            routes=routes,
            target=target,
            flow=flow,
            is_caller=True,
            direct=not routes and _same_host(invite.uri, target),
        )
        dialog.sips = is_sips(invite.uri)
        dialog.local_cseq = invite.cseq.number
        dialog.allowed = response.lines("allow")
        dialog.said = invite.sdp
        if dialog.said is not None:
            dialog.offers.take(OfferInput.OFFER_SENT)
        return dialog

    def confirm(self, invite: Request, response: Response) -> None:
        """A 2xx makes an early dialog of ours a confirmed one, with the routes that it says (§13.2.2.4)."""
        confirmed = Dialog.of_outgoing(invite, response, self.flow)
        self.routes, self.target, self.direct = confirmed.routes, confirmed.target, confirmed.direct
        self.allowed = confirmed.allowed or self.allowed

    def say(self, sdp: bytes) -> None:
        """Note a description of ours that is sure to arrive: the answer to their offer, or an offer."""
        self.said = sdp
        if not self.offers.take(OfferInput.ANSWER_SENT):
            self.offers.take(OfferInput.OFFER_SENT)

    @property
    def key(self) -> DialogKey:
        return self.call_id, self.local_tag, self.remote_tag

    def next_cseq(self) -> int:
        """Number of the next request of ours (not of ACK and CANCEL)."""
        self.local_cseq += 1
        return self.local_cseq

    def in_order(self, request: Request) -> bool:
        """Take note of the number of a request of theirs; False when it is not above the last (§12.2.2)."""
        number = request.cseq.number
        if number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh(self, message: Request | Response) -> None:
        """A re-INVITE or UPDATE, or a 2xx to ours, may move the remote target (§12.2)."""
        contact = message.contact
        if contact is not None:
            self.target = str(contact.uri)
        self.allowed = message.lines("allow") or self.allowed

    def allows(self, method: str) -> bool:
        """Whether they said that they take such requests."""
        return any(method in split_list(value) for value in self.allowed)

    def follow(self, source: Flow) -> None:
        """A request of theirs came from ``source``: a WebSocket client that lost its connection is where its new one is."""
        if source.transport.web and not self.routes:
            self.flow, self.direct = source, True

    def leave_flow(self) -> None:
        """The connection that the dialog followed is gone."""
        self.direct = False
        self.flow = self.flow._replace(connection=0)

    def routing(self) -> tuple[str, list[str]]:
        """Request-URI and Route values of a request (§12.2.1.1): loose routing, or strict for routers of RFC 2543."""
        return routing(self.target, self.routes)

    def destination(self) -> Flow | None:
        """Where requests go next."""
        if self.routes:
            return flow_towards(NameAddr.parse(self.routes[0]).uri, self.flow)
        target = Uri.parse(self.target)
        # Nobody can be found under .invalid: a WebSocket client is where its connection is (RFC 7118 §5, RFC 5626).
        here = self.direct or target.host.endswith(".invalid")
        return self.flow if here else flow_towards(target, self.flow)


def _same_host(one: str, other: str) -> bool:
    return Uri.parse(one).host == Uri.parse(other).host
