"""The port to one far end: signalling and media together. ``legs.sip`` implements it; nothing else in calls knows SIP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from offhook.calls.directory import ClientEntry
from offhook.calls.events import CallFacts
from offhook.calls.trunks.trunk import Trunk
from offhook.media.session import MediaSession
from offhook.media.srtp import SrtpPolicy
from offhook.vocabulary.sids import AccountSid

ANONYMOUS = "anonymous"
"""User part of a caller who stays unknown."""
ANSWERED_ELSEWHERE = "answered elsewhere"
"""Reason of a drop that phones need not show as a missed call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRinging:
    """The far end alerts; ``early_media`` when audio flows already (183 with SDP). It may be told again."""

    early_media: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyMedia:
    """What a far end plays before it answers."""

    session: MediaSession
    since: float
    """On the loop's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered:
    """The far end picked up and media is connected."""

    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegDigit:
    """A key that came by signalling (SIP INFO); keys in RTP come from the media session."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded:
    """The leg is over, whoever ended it; nothing follows."""

    by_far_end: bool
    sip_code: int | None = None
    """Final response to our INVITE, or what we answered to theirs; None after a BYE."""
    reason: str = ""
    """In plain words."""
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    """The far end could not be reached or said nothing of the callee; ``sip_code`` is then our own word for it."""
    stalled: bool = False
    """It was silent after a 100: it is there, and takes no calls all the same."""
    retry_after: float | None = None
    """Seconds for which the far end asks to be left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegHeld:
    """The far end put us on hold, or took us back: whether it wants to hear us changed."""

    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogName:
    """How a far end names a call that it has with us: the SIP Call-ID and both tags."""

    call_id: str
    our_tag: str
    their_tag: str
    early_only: bool = False
    """It must not have been answered yet."""

    def __str__(self) -> str:
        """As one tells another who shares the dialog with the one that was told to us (a Replaces value)."""
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.our_tag};from-tag={self.their_tag}{early}"


class Referral(Protocol):
    """The far end wants its other side to talk to somebody else (SIP REFER). ``accept`` or ``refuse``, then ``tell``."""

    @property
    def user(self) -> str:
        """Whom: the number or login, as if it were dialled."""
        ...

    @property
    def domain(self) -> str: ...

    @property
    def replaces(self) -> DialogName | None:
        """The call of ours that the other side shall take over (an attended transfer)."""
        ...

    @property
    def referred_by(self) -> str | None:
        """Referred-By (RFC 3892), to be passed on to whom is called."""
        ...

    @property
    def client(self) -> ClientEntry | None:
        """The client that proved to ask, where the request came outside of the call and needed proof."""
        ...

    def accept(self) -> None: ...

    def refuse(self, sip_code: int) -> None: ...

    def tell(self, sip_code: int) -> None:
        """How far it has come; a status of 200 or more is the last word."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LegReferred:
    """The far end asks for a transfer."""

    referral: Referral


LegEvent = LegRinging | LegAnswered | LegDigit | LegHeld | LegReferred | LegEnded


class Leg(Protocol):
    """One far end. Methods are idempotent; after ``LegEnded`` they do nothing."""

    @property
    def media(self) -> MediaSession:
        """Audio of this leg; usable once answered (or with early media)."""
        ...

    @property
    def call_id(self) -> str | None:
        """How signalling names it (the SIP Call-ID); None until it has such a name."""
        ...

    @property
    def call_ids(self) -> tuple[str, ...]:
        """Of all far ends that were tried for it, the one of ``call_id`` among them."""
        ...

    @property
    def trunk(self) -> str | None:
        """The trunk by which a call of ours goes, its sid or ``config:NAME``; None where it takes none, or none yet."""
        ...

    @property
    def dialog(self) -> DialogName | None:
        """How another far end would name it to us, to take its place; None until it has such a name."""
        ...

    def includes(self, leg: Leg) -> bool:
        """Whether ``leg`` is this one or one of several that it stands for."""
        ...

    def listen(self, listener: Callable[[LegEvent], None]) -> None:
        """Name the one listener; called on the loop, in order."""
        ...

    def label(self, headers: Sequence[tuple[str, str]]) -> None:
        """Headers that go out with everything that sets the call up: our responses, or our INVITE."""
        ...

    def ring(self) -> None:
        """Tell an incoming caller that we alert (180)."""
        ...

    async def progress(self) -> None:
        """Let an incoming caller hear us before the answer: 183 with SDP. Raises ``LegFailed`` when it cannot."""
        ...

    async def answer(self) -> None:
        """Accept an incoming call: opens media, negotiates, sends 200. Raises ``LegFailed`` when it cannot."""
        ...

    def refuse(self, sip_code: int, reason: str) -> None:
        """End an incoming call that was not answered (a 4xx-6xx response); ``LegEnded`` follows at once."""
        ...

    def drop(self, reason: str = "") -> None:
        """Begin to end the leg in whatever state: CANCEL, BYE or a 4xx; ``LegEnded`` follows at once."""
        ...

    def leave(self, reason: str = "") -> None:
        """Hang up the far end of an answered call, and keep the leg with its audio for another call that takes the far end's
        place. ``drop`` ends it.
        """
        ...

    async def transfer(self, uri: str, referred_by: str | None) -> int | None:
        """Ask the far end of an answered call to call ``uri`` by itself, and wait for the final status of that; None when it
        is not to be asked or does not do such things.
        """
        ...

    async def closed(self) -> None:
        """Wait until signalling and media of a leg that has ended are gone."""
        ...


class OutgoingLeg(Leg, Protocol):
    """A far end that we ring."""

    async def invite(self) -> None:
        """Open media and send the INVITE; events tell what comes of it. Raises ``LegFailed`` when it cannot be sent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """As whom we ring somebody."""

    user: str
    name: str = ""
    domain: str = ""


class Channel(Protocol):
    """A place on a trunk for one attempt to ring somebody by one gateway; ``calls.trunks`` implements it."""

    @property
    def name(self) -> str:
        """Trunk and gateway, for people."""
        ...

    @property
    def trunk(self) -> str:
        """Sid of the trunk, or ``config:NAME``."""
        ...

    def seize(self) -> str:
        """Take the place, before the gateway is rung; empty when that is done, else why not, in plain words."""
        ...

    def works(self) -> None:
        """The gateway answered, whatever it said of the callee."""
        ...

    def fails(self, ended: LegEnded) -> None:
        """The gateway gave no answer, or one about itself."""
        ...

    def release(self) -> None:
        """Give the place back; idempotent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One far end to be rung: where, as whom, and with which credentials."""

    uri: str
    """SIP URI that is asked for."""
    from_user: str
    """User part of our From; a number, a login or ``anonymous``."""
    from_name: str = ""
    from_domain: str = ""
    """Host of our From; empty: the address that the far end knows us by."""
    route: object | None = None
    """Where signalling sends it instead of what ``uri`` says; belongs to the adapter that made it."""
    path: tuple[str, ...] = ()
    """Proxies on the way, in the order in which they are passed."""
    device: str = ""
    """Several destinations of one device are ways to it: one after the other is tried; empty: a device of its own."""
    guarded: bool = False
    """Whether a tenant chose the address: then it is rung only where tenants may send requests."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    contact_user: str = ""
    """User part of our Contact; empty: none."""
    codecs: tuple[str, ...] = ()
    """Codecs to offer, the preferred one first; empty: all."""
    response_timeout: float | None = None
    """Seconds for the first response of any kind; None: as long as SIP allows (32 s)."""
    progress_timeout: float | None = None
    """Seconds from a 100 to the first word about the callee, where there is another way; None: as long as it may ring."""
    spare: bool = False
    """Whether there is another way when none of the servers of ``uri`` is left."""
    channel: Channel | None = field(default=None, compare=False)
    """Of the trunk that it goes by; None for what needs none."""
    srtp: SrtpPolicy | None = None
    """Whether media is enciphered; None: as ``media.srtp`` says."""


class Exchange(Protocol):
    """Makes legs towards far ends. ``legs.sip`` implements it."""

    def outgoing(self, destination: Destination) -> OutgoingLeg:
        """A leg that does nothing yet. Raises ``LegFailed`` for a destination that makes no sense."""
        ...

    def hunting(self, destinations: Sequence[Destination]) -> OutgoingLeg:
        """A leg that tries one gateway after the other until one takes the call. Raises ``LegFailed`` as ``outgoing`` does."""
        ...

    def find(self, dialog: DialogName) -> Leg | None:
        """The leg of a dialog that a far end has with us, or in which we ring it; None when there is none any more."""
        ...

    def contacts(self, login: str, domain: str) -> Sequence[Contact]:
        """Where a client is registered now, most recent first."""
        ...

    def ways(
        self, number: str, caller: Caller, lineage: Sequence[AccountSid], headers: Sequence[tuple[str, str]]
    ) -> tuple[Destination, ...]:
        """The gateways that lead to a telephone number now, for ``hunting``: by the trunks and routes of an account and
        those above it. Raises ``Unroutable``.
        """
        ...

    def guards(self, lineage: Sequence[AccountSid]) -> bool:
        """Whether a call to a number of an account can be that of a trunk which is known by nothing but its password."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One place that can be rung: a device of a registered client, or what a SIP URI names."""

    uri: str
    route: object | None = None
    path: tuple[str, ...] = ()
    device: str = ""
    """As in ``Destination``."""
    response_timeout: float | None = None
    """As in ``Destination``."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A call that came in and waits for a decision; identities are checked by then."""

    leg: Leg
    to_user: str
    to_domain: str
    from_user: str
    from_domain: str
    from_name: str = ""
    client: ClientEntry | None = None
    """The client that proved to be the caller."""
    trunks: tuple[Trunk, ...] = ()
    """The trunks that the call can have come by; the number that is called tells which."""
    challenge: Callable[[], None] | None = None
    """Refuses the call by asking for the password of a trunk; None where none has one, and where the caller is known."""
    occupy: Callable[[Trunk], str] = lambda _: ""
    """Give the call a place on the trunk that it came by, until its leg is over; empty when that is done, else why not."""
    to_alias: str = ""
    """User part of To, which holds the number where a carrier calls the contact that we registered."""
    forwarded_from: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """``X-*`` and ``Diversion``."""
    source_ip: str | None = None
    sip_call_id: str | None = None
    replaces: DialogName | None = None
    """The call of ours that it wants to take the place of (RFC 3891)."""


class LegFailed(Exception):
    """A leg could not be set up; the message says why and, where there is one, ``sip_code`` holds the status."""

    def __init__(self, message: str, sip_code: int | None = None) -> None:
        super().__init__(message)
        self.sip_code = sip_code


def labels(call: CallFacts) -> list[tuple[str, str]]:
    """The headers by which the far end learns which call this is."""
    return [
        ("X-RestComm-CallSid", call.sid),
        ("X-RestComm-AccountSid", call.account_sid),
        ("X-RestComm-ApiVersion", call.api_version),
    ]
