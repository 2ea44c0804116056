"""The port through which calls speak SIP: the intentions of an endpoint, without the clock.

``sip.asyncio.driver.SipDriver`` implements it on sockets and ``sip.testing`` on a virtual line. All methods but ``locate``
return at once; what comes of them arrives as events. On a call that has ended they do nothing; on one in the wrong state they
raise ``LocalProtocolError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from offhook.sip.dialog import DialogKey
from offhook.sip.events import CallHandle, RequestHandle, SubscriptionHandle
from offhook.sip.flow import Flow, HostPort
from offhook.sip.packages import Render, Termination

Headers = Sequence[tuple[str, str]]
"""Additional header fields, in order; the endpoint's own (Via, From, CSeq …) cannot be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A call to be made."""

    target: str
    """Request-URI."""
    from_uri: str
    from_name: str = ""
    to_uri: str = ""
    """Empty: the target."""
    destination: Flow | None = None
    """The flow of a registered client: the one way to it."""
    destinations: tuple[Flow, ...] = ()
    """The servers of ``target`` or of an outbound proxy, as ``locate`` gives them: tried one after the other until one
    responds with anything but 503 (RFC 3263 §4.3). Without these and ``destination``, ``target`` must name an address.
    """
    routes: tuple[str, ...] = ()
    """Route values: proxies that the INVITE shall pass, as in the Path of a registration (RFC 3327)."""
    sdp: bytes | None = None
    """None lets the far end make the offer."""
    headers: tuple[tuple[str, str], ...] = ()
    call_id: str = ""
    """Call-ID of the dialog, new in every respect; empty: the endpoint makes one."""
    username: str | None = None
    password: str | None = None
    """For a 401 or 407."""
    contact_user: str = ""
    """User part of our Contact; empty: none."""
    response_limit: float | None = None
    """Seconds for the first response of any kind, 100 included, to each INVITE that is sent. None: the last of
    ``destinations`` is given 64*T1 (Timer B), those before it ``SipSettings.failover_timeout``.
    """
    progress_limit: float | None = None
    """Seconds from a 100 to the first word about the callee (another provisional response, or a final one), at each of
    ``destinations`` but the last. None: as long as the call may ring.
    """
    spare: bool = False
    """Whether the caller has another way to the callee: then ``progress_limit`` holds for the last of them too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantMessage:
    """A MESSAGE to be sent (RFC 3428)."""

    target: str
    """Request-URI."""
    from_uri: str
    from_name: str = ""
    to_uri: str = ""
    """Empty: the target."""
    destination: Flow | None = None
    """The flow of a registered client; None goes where ``target`` says."""
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterOrder:
    """A REGISTER to be sent."""

    registrar: str
    """SIP URI without a user."""
    address: str
    """Address of record, a SIP URI."""
    contact_user: str
    """User part of the contact that is bound to it."""
    expires: int
    """Seconds; 0 takes the binding away."""
    call_id: str
    """The same for every REGISTER of one registration (§10.2)."""
    cseq: int
    destinations: tuple[Flow, ...] = ()
    """Servers of the registrar, as ``locate`` gives them; without them it must name an address."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)


class Signalling(Protocol):
    """What can be asked of the SIP endpoint."""

    def local_address(self, peer: Flow) -> HostPort:
        """The address of ours that ``peer`` can reach, for SDP and Contact."""
        ...

    async def locate(self, target: str) -> tuple[Flow, ...]:
        """The servers of a SIP URI in the order in which they are to be tried (RFC 3263), at least one. Raises
        ``NotLocated`` within ``SipSettings.resolve_timeout``.
        """
        ...

    def invite(self, invitation: Invitation) -> CallHandle:
        """Call somebody. Follow ``CallRinging``*, then ``CallAnswered`` or ``CallEnded``."""
        ...

    def acknowledge(self, call: CallHandle, sdp: bytes) -> None:
        """Answer the offer that came to an INVITE without SDP: in the ACK that of a 2xx, in the PRACK that of a
        ``CallRinging`` with ``answer_due``.
        """
        ...

    def ring(self, call: CallHandle, code: int = 180, *, sdp: bytes | None = None, headers: Headers = ()) -> None:
        """Send a provisional response (180, or 183 with early media) to an incoming call; repeatable. With callers who
        know RFC 3262 a description goes reliably, which makes it final: the 2xx does not repeat it.
        """
        ...

    def answer(self, call: CallHandle, sdp: bytes | None, headers: Headers = ()) -> None:
        """Accept an incoming call with 200, repeated until the ACK comes. ``CallConfirmed`` follows, or ``CallEnded``."""
        ...

    def refuse(self, call: CallHandle, code: int, reason: str = "", headers: Headers = ()) -> None:
        """End an unanswered incoming call with a 3xx-6xx."""
        ...

    def challenge(
        self, handle: CallHandle | RequestHandle | SubscriptionHandle, challenges: Sequence[str], *, proxy: bool = False
    ) -> None:
        """Ask an incoming call or request for credentials: 401 with each of ``challenges`` as a WWW-Authenticate value
        (407 and Proxy-Authenticate with ``proxy``). The call ends (REFUSED_BY_US); the far end comes back with a new one.
        """
        ...

    def hangup(self, call: CallHandle, reason: str = "", headers: Headers = ()) -> None:
        """End a call in whatever state: CANCEL, BYE or, if it came in and was not answered, 603.

        ``reason`` is a Reason header value (RFC 3326). ``CallEnded`` follows within ``SipSettings.hangup_patience``.
        """
        ...

    def reinvite(self, call: CallHandle, sdp: bytes, headers: Headers = ()) -> None:
        """Offer a change in mid-call. ``OfferAnswered`` or ``OfferRefused`` follows; glare (491) is retried inside."""
        ...

    def update(self, call: CallHandle, sdp: bytes, headers: Headers = ()) -> None:
        """Offer a change by UPDATE, before the answer or after it (RFC 3311). ``OfferAnswered`` or ``OfferRefused`` follows;
        glare is retried inside. Of several early dialogs of a fork, the one that spoke last is meant.
        """
        ...

    def accept_offer(self, call: CallHandle, sdp: bytes) -> None:
        """Answer the offer of ``OfferReceived`` with 200."""
        ...

    def refuse_offer(self, call: CallHandle, code: int = 488, headers: Headers = ()) -> None:
        """Refuse the offer of ``OfferReceived``; the session goes on as it was."""
        ...

    def info(self, call: CallHandle, content_type: str, body: bytes) -> None:
        """Send INFO in the dialog. ``InfoAnswered`` follows."""
        ...

    def allows(self, call: CallHandle, method: str) -> bool:
        """Whether the far end of an answered call said that it takes ``method``."""
        ...

    def refer(self, call: CallHandle, refer_to: str, headers: Headers = ()) -> None:
        """Ask the far end to call ``refer_to`` (a Refer-To value). ``ReferTold`` follows, unless the call ends first."""
        ...

    def accept_refer(self, refer: SubscriptionHandle) -> None:
        """Take the REFER of ``ReferReceived`` on: 202."""
        ...

    def refuse_refer(self, refer: SubscriptionHandle, code: int) -> None:
        """Refuse it; the call goes on."""
        ...

    def tell_refer(self, refer: SubscriptionHandle, code: int, reason: str = "") -> None:
        """Tell by NOTIFY how far the referred call has come; a status of 200 or more is the last."""
        ...

    def find(self, call_id: str, our_tag: str, their_tag: str) -> CallHandle | None:
        """The call of a dialog, or one of ours that still rings there; None when there is none any more."""
        ...

    def names(self, call: CallHandle) -> DialogKey | None:
        """Call-ID, our tag and theirs (empty while nobody has answered) of a call; None when it has ended."""
        ...

    def accept_subscription(self, subscription: SubscriptionHandle) -> None:
        """Take the SUBSCRIBE of ``SubscribeReceived`` on: 200. ``SubscriptionEnded`` follows one day."""
        ...

    def refuse_subscription(self, subscription: SubscriptionHandle, code: int, headers: Headers = ()) -> None:
        """Refuse it."""
        ...

    def notify(self, subscription: SubscriptionHandle, content_type: str, render: Render) -> None:
        """Tell a subscriber the present state; ``render`` makes the body, and again when the state is asked for."""
        ...

    def end_subscription(self, subscription: SubscriptionHandle, reason: Termination) -> None:
        """End it with a last NOTIFY."""
        ...

    def message(self, message: InstantMessage) -> RequestHandle:
        """Send a MESSAGE. ``MessageAnswered`` follows."""
        ...

    def register(self, order: RegisterOrder) -> RequestHandle:
        """Bind a contact of ours at a registrar. ``RegisterAnswered`` follows."""
        ...

    def ping(self, target: str, destinations: Sequence[Flow] = (), path: Sequence[str] = ()) -> RequestHandle:
        """Ask with OPTIONS whether ``target`` is alive: the first of ``destinations`` that responds, by the proxies of ``path``
        (Route values). ``PingAnswered`` follows.
        """
        ...

    def reply(
        self, handle: RequestHandle, code: int, reason: str = "", *, headers: Headers = (), body: bytes = b""
    ) -> None:
        """Answer a request outside calls (REGISTER)."""
        ...
