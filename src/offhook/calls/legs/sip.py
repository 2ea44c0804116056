"""A SIP leg: one dialog and one media session. The only place where signalling and audio meet.

``exchange`` makes legs and brings events to them. No leg knows what a call is, nor who may call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from offhook.calls.leg import (
    ANONYMOUS,
    Destination,
    DialogName,
    Leg,
    LegAnswered,
    LegDigit,
    LegEnded,
    LegEvent,
    LegFailed,
    LegHeld,
    LegReferred,
    LegRinging,
)
from offhook.calls.legs.causes import FarEnd
from offhook.calls.legs.keys import by_info
from offhook.calls.legs.negotiation import Negotiation
from offhook.calls.legs.referral import SipReferral
from offhook.calls.legs.translation import custom_headers, ending, reason_value, target_of, warning
from offhook.media.operation import MediaFailed
from offhook.media.session import MediaSession
from offhook.sip import events as sip
from offhook.sip import identity
from offhook.sip.errors import NotLocated, RemoteProtocolError, SipError
from offhook.sip.flow import Flow, HostPort
from offhook.sip.message import Response
from offhook.sip.offer import Agreement
from offhook.sip.signalling import Invitation, Signalling
from offhook.sip.uri import Uri

log = structlog.get_logger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None]], None]
"""Lets something go on beside the caller, in a task that somebody owns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What every leg of an exchange uses."""

    signalling: Signalling
    spawn: Spawn
    hold: Callable[[sip.CallHandle, SipLeg], None]
    """Bring the events of a call to a leg from now on, until it has ended."""
    new_call_id: Callable[[], str]
    """Names a call of ours."""
    retry_after: int
    refers: bool
    """Whether far ends are asked to carry transfers out (``sip.transfer``)."""
    permits: Callable[[str], bool]
    """Whether tenants may ring this address."""


class SipLeg:
    """What both directions share. Ends once, whoever ends it; later signals only tell that the dialog is gone."""

    trunk: str | None = None

    def __init__(self, line: Line, negotiation: Negotiation) -> None:
        self._line = line
        self._negotiation = negotiation
        self._listener: Callable[[LegEvent], None] = lambda _: None
        self._handle: sip.CallHandle | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._call_id: str | None = None
        self._ended = self._held = self._left = False
        self._followed: str | None = None
        """Their tag in the dialog whose description audio follows."""
        self._told: asyncio.Future[int | None] | None = None  # what becomes of a transfer that it was asked for
        self._gone = asyncio.Event()

    @property
    def media(self) -> MediaSession:
        return self._negotiation.session

    @property
    def call_id(self) -> str | None:
        return self._call_id

    @property
    def call_ids(self) -> tuple[str, ...]:
        return () if self._call_id is None else (self._call_id,)

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def dialog(self) -> DialogName | None:
        names = None if self._handle is None else self._line.signalling.names(self._handle)
        return None if names is None else DialogName(call_id=names[0], our_tag=names[1], their_tag=names[2])

    def includes(self, leg: Leg) -> bool:
        return leg is self

    def listen(self, listener: Callable[[LegEvent], None]) -> None:
        self._listener = listener

    def label(self, headers: Sequence[tuple[str, str]]) -> None:
        self._headers = (*self._headers, *headers)

    def ring(self) -> None:
        if self._handle is not None and not self._ended:
            self._line.signalling.ring(self._handle, headers=self._headers)

    async def progress(self) -> None:
        raise LegFailed("a call that we make is not ours to let progress")

    async def answer(self) -> None:
        raise LegFailed("a call that we make cannot be answered by us")

    def refuse(self, sip_code: int, reason: str) -> None:
        if self._ended:
            return
        self._ended = True  # before the signalling, which may tell of the end while it is asked for it
        headers = [*self._headers]
        if sip_code == 503:
            headers.append(("Retry-After", str(self._line.retry_after)))
        if sip_code == 488:
            headers += warning(reason)
        if self._handle is not None:
            headers.append(("Reason", reason_value(reason)))
            try:
                self._line.signalling.refuse(self._handle, sip_code, headers=headers)
            except SipError:
                self._hang_up(reason)  # a call whose 200 is out can no longer be refused
        self._end(LegEnded(by_far_end=False, sip_code=sip_code, reason=reason))

    def drop(self, reason: str = "") -> None:
        if self._ended:
            return
        self._ended = True
        self._hang_up(reason)
        self._end(LegEnded(by_far_end=False, reason=reason))

    def leave(self, reason: str = "") -> None:
        self._left = True
        self._hang_up(reason)

    async def transfer(self, uri: str, referred_by: str | None) -> int | None:
        signalling, handle = self._line.signalling, self._handle
        if not self._line.refers or self._ended or handle is None or not signalling.allows(handle, "REFER"):
            return None
        told: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._told = told
        try:
            signalling.refer(handle, f"<{uri}>", () if referred_by is None else [("Referred-By", referred_by)])
        except SipError as error:
            log.info("refer_not_sent", call_id=self._call_id, reason=str(error))
            return None
        return await told

    async def closed(self) -> None:
        await self.media.close()
        if self._handle is not None:
            await self._gone.wait()

    def hear(self, event: sip.Event) -> None:
        """Take an event of this leg's call."""
        match event:
            case sip.CallEnded():
                self._gone.set()
                if not (self._ended or self._left):
                    self._end(ending(event, self._far_end()))
            case sip.ReferReceived():
                self.refer(SipReferral(self._line.signalling, event))
            case _ if self._ended:
                pass
            case sip.ReferTold(code=code, taken=taken):
                self._tell(code if taken else None)
            case sip.DigitReceived(digit=digit):
                self._line.spawn(self._guard(self._negotiation.keys_are_signalled()))
                self._listener(LegDigit(digit=digit))
            case sip.OfferReceived(offer=offer, request=request):
                self._take_offer(offer, request.from_tag)
            case sip.OfferAnswered(sdp=sdp):
                self._take_answer(sdp)
            case _:
                self._hear_setup(event)

    def refer(self, referral: SipReferral) -> None:
        """Take a transfer that the far end asks for, in its dialog or about it."""
        if self._ended:
            referral.refuse(481)
        else:
            self._listener(LegReferred(referral=referral))

    def _far_end(self) -> FarEnd:
        """Whom the leg leads to, in words."""
        raise NotImplementedError

    def _hear_setup(self, event: sip.Event) -> None:
        """Events that belong to one direction of setting up."""
        raise NotImplementedError

    def _take_offer(self, offer: bytes | None, tag: str) -> None:
        """``tag`` is theirs, of the dialog in which it came: before the answer there may be several."""
        assert self._handle is not None
        if offer is None:
            self._line.signalling.accept_offer(self._handle, self._negotiation.offer())
            return
        try:
            ours, agreement = self._negotiation.answer(offer)
        except RemoteProtocolError as error:
            log.info("offer_refused", reason=str(error))
            self._line.signalling.refuse_offer(self._handle, 488, warning(str(error)))
            return
        self._line.signalling.accept_offer(self._handle, ours)
        self._followed = tag
        self._line.spawn(self._guard(self._follow(agreement)))

    def _take_answer(self, sdp: bytes | None) -> None:
        self._line.spawn(self._guard(self._follow_answer(sdp)))

    async def _follow_answer(self, sdp: bytes | None) -> None:
        await self._follow(self._negotiation.agree(sdp))

    async def _follow(self, agreement: Agreement) -> None:
        await self._negotiation.follow(agreement)
        if agreement.held != self._held and not self._ended:
            self._held = agreement.held
            self._listener(LegHeld(held=agreement.held))

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Work beside the call: what goes wrong in it ends the leg."""
        try:
            await work
        except (MediaFailed, RemoteProtocolError) as error:
            self.drop(str(error))

    def _hang_up(self, reason: str) -> None:
        if self._handle is None:
            return
        try:
            self._line.signalling.hangup(self._handle, reason_value(reason) if reason else "")
        except SipError as error:  # the leg is over all the same, and its call is told so
            log.warning("hangup_not_signalled", call_id=self._call_id, reason=str(error))

    def _attach(self, handle: sip.CallHandle) -> None:
        self._handle = handle
        self._negotiation.signal_key = by_info(self._line.signalling, handle)
        self._line.hold(handle, self)

    def _tell(self, code: int | None) -> None:
        if self._told is not None and not self._told.done():
            self._told.set_result(code)

    def _end(self, ended: LegEnded) -> None:
        self._ended = True
        self._tell(487)
        self.media.start_close()
        self._listener(ended)


class OutboundLeg(SipLeg):
    """Somebody whom we ring."""

    def __init__(self, line: Line, negotiation: Negotiation, destination: Destination) -> None:
        super().__init__(line, negotiation)
        self._destination = destination
        self._target = target_of(destination.uri)
        self._route = destination.route if isinstance(destination.route, Flow) else None
        self._headers = destination.headers
        if destination.codecs:
            negotiation.codecs = destination.codecs
        if destination.srtp is not None:
            negotiation.srtp = destination.srtp
        self._servers: tuple[Flow, ...] = ()
        self._answered = False
        self._early: dict[str, bytes] = {}
        """The answer of each early dialog, by To tag; some far ends do not repeat it in the 200."""

    async def invite(self) -> None:
        if self._ended:
            return
        signalling = self._line.signalling
        try:
            self._servers = servers = () if self._route else await signalling.locate(str(self._target))
        except NotLocated as error:
            raise LegFailed(str(error), 503) from error
        if self.ended:
            return
        if self._destination.guarded:
            servers = self._permitted(servers)
        try:
            way = self._route or servers[0]
            self._negotiation.signalled_over(way, self._target.transport)
            local = signalling.local_address(way)
            await self._negotiation.open(local.host)
        except (MediaFailed, OSError) as error:
            raise LegFailed(str(error)) from error
        if self.media.closed:  # dropped meanwhile
            return
        self._call_id = self._line.new_call_id()
        try:
            self._attach(signalling.invite(self._invitation(local, servers)))
        except SipError as error:
            raise LegFailed(str(error)) from error

    def _permitted(self, servers: tuple[Flow, ...]) -> tuple[Flow, ...]:
        """Those that a tenant may ring, judged by the addresses that will be used: no name can lie. Raises ``LegFailed``."""
        permitted = tuple(server for server in servers if self._line.permits(server.host))
        if not permitted:
            raise LegFailed(
                f"{servers[0].host} is not on the public internet; allow it with the setting egress.sip", 403
            )
        return permitted

    def _invitation(self, local: HostPort, servers: tuple[Flow, ...]) -> Invitation:
        to = self._destination
        hidden = to.from_user == ANONYMOUS and not to.from_domain
        from_uri = (
            identity.ANONYMOUS if hidden else Uri(user=to.from_user, host=to.from_domain or _bracketed(local.host))
        )
        return Invitation(
            target=str(self._target),
            from_uri=str(from_uri),
            from_name="Anonymous" if hidden else to.from_name,
            destination=self._route,
            destinations=servers,
            routes=to.path,
            sdp=self._negotiation.offer(),
            headers=self._headers,
            call_id=self._call_id or "",
            username=to.username,
            password=to.password,
            contact_user=to.contact_user,
            response_limit=to.response_timeout,
            progress_limit=to.progress_timeout,
            spare=to.spare,
        )

    def _hear_setup(self, event: sip.Event) -> None:
        match event:
            case sip.CallRinging(response=response, sdp=sdp):
                self._listener(LegRinging())
                if sdp is not None and self._early.get(response.to_tag) != sdp:
                    self._early[response.to_tag] = sdp
                    self._followed = response.to_tag
                    self._line.spawn(self._hear_early(sdp))
            case sip.CallAnswered(response=response, sdp=sdp):
                self._answered = True
                self._line.spawn(self._guard(self._connected(sdp, response)))
            case _:
                pass

    async def _connected(self, sdp: bytes | None, response: Response) -> None:
        """Let audio flow as the answer says, unless it does since an early one; then the leg is answered."""
        tag = response.to_tag
        if sdp is not None or self._followed != tag:
            await self._follow_answer(sdp or self._early.get(tag))
        if not self._ended:
            self._listener(LegAnswered(headers=custom_headers(response)))

    def _far_end(self) -> FarEnd:
        ways = self._servers if self._route is None else (self._route,)
        return FarEnd(uri=str(self._target), ways=ways, codecs=self._negotiation.codecs)

    async def _hear_early(self, sdp: bytes) -> None:
        """Let audio flow before the answer, as the early dialog that spoke last says. One that is of no use is no end."""
        try:
            agreement = self._negotiation.agree(sdp)
            if self._ended or self._answered:
                return
            await self._negotiation.follow(agreement)
        except (MediaFailed, RemoteProtocolError) as error:
            log.info("early_media_unusable", call_id=self._call_id, reason=str(error))
            self._followed = None
            return
        self._heard_early()

    def _heard_early(self) -> None:
        if not self._ended and not self._answered:
            self._listener(LegRinging(early_media=True))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
