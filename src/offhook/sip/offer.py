"""Offer and answer of one audio stream (RFC 3264), as pure functions over session descriptions.

Codecs are names as in rtpmap; who turns them into media commands is ``calls.legs.sip``. What an address is worth trusting is
decided there too; only what can never be a peer (no IP address, multicast, broadcast) is refused here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from offhook.sip import crypto
from offhook.sip.codecs import (
    DTMF_PAYLOAD_TYPES,
    NOISE,
    USUAL,
    clock_of,
    codec_of,
    dtmf_format,
    dtmf_of,
    format_of,
    noise_of,
    parameters_of,
)
from offhook.sip.crypto import PLAIN_PROFILES, SECURE_PROFILES, Keying
from offhook.sip.errors import LocalProtocolError, NoCommonMedia
from offhook.sip.ice import WEB_PROFILES, WebTransport, answers
from offhook.sip.sdp import TELEPHONE_EVENT, Format, Media, Sdp

PTIMES: Final = (20, 10, 30, 40, 50, 60)
"""Packet lengths in ms that can be sent, the usual one first."""

_MIRROR: Final = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What both sides agreed on, seen from us."""

    host: str
    """IP address to send to, without brackets."""
    port: int
    codec: str
    """Name of the codec to send."""
    payload_type: int
    """Number under which it is sent."""
    accepts: Mapping[int, str] = field(default_factory=dict)
    """Payload type to codec name of what may arrive."""
    dtmf_payload_type: int | None = None
    """telephone-event to send; None when the far end does not know it."""
    dtmf_accepts: int | None = None
    """telephone-event that may arrive; differs from the above only when the two sides numbered it differently."""
    dtmf_clock: int = 8000
    """Hz of its clock."""
    parameters: str = ""
    """What the far end says of the codec that we send: its fmtp text."""
    ptime: int = 20
    """Milliseconds of audio in each packet that we send."""
    direction: str = "sendrecv"
    """sendrecv, sendonly, recvonly or inactive: what we may do."""
    rtcp_mux: bool = False
    """Reports share the port of RTP (RFC 5761)."""
    comfort_noise: int | None = None
    """Number of comfort noise, both ways; None: silence is sent like anything else."""
    keying: Keying | None = None
    """Keys for SRTP; None: plain RTP, or with a browser those of the handshake."""
    web: WebTransport | None = None
    """How the far end is reached where it is a browser; ``host`` and ``port`` mean nothing then."""
    active: bool = False
    """Whether we begin the handshake with it."""

    @property
    def sends(self) -> bool:
        """Whether we may send audio."""
        return self.direction in ("sendrecv", "sendonly")

    @property
    def held(self) -> bool:
        """Whether the far end put us on hold: it does not want to hear us."""
        return not self.sends


def make_offer(
    host: str,
    port: int,
    *,
    session_id: int,
    version: int = 1,
    codecs: Sequence[str] = USUAL,
    keypad: bool = True,
    comfort_noise: bool = False,
    ptime: int = 20,
    direction: str = "sendrecv",
    keys: Mapping[str, bytes] = MappingProxyType({}),
    insist: bool = False,
    web: WebTransport | None = None,
) -> Sdp:
    """The first offer of a call: one audio stream to ``host`` (an IP address) and ``port``, with telephone-events if ``keypad``.

    ``keys``, by suite, offer SRTP, which the far end may leave out (RFC 8643) unless we ``insist``. ``web`` is
    how we are reached where the far end is a browser, which then gets nothing else.
    """
    formats = [format_of(name) for name in codecs]
    if not formats:
        raise LocalProtocolError("an offer needs at least one codec")
    if keypad:
        clocks = sorted({8000, *map(clock_of, codecs)} & set(DTMF_PAYLOAD_TYPES))
        formats += [dtmf_format(DTMF_PAYLOAD_TYPES[clock], clock) for clock in clocks]
    if comfort_noise and any(clock_of(name) == NOISE.clock_rate for name in codecs):
        formats.append(NOISE)
    audio = Media(
        kind="audio",
        port=port,
        protocol=(SECURE_PROFILES if insist else PLAIN_PROFILES)[0],
        formats=tuple(formats),
        ptime=ptime,
        direction=direction,
        crypto=crypto.lines_of(keys),
    )
    offer = Sdp(session_id=session_id, version=version, origin_address=host, address=host, media=(audio,))
    if web is None:
        return offer
    audio = replace(
        audio, protocol=WEB_PROFILES[0], crypto=(), rtcp_mux=True, mid="0", web=replace(web, setup="actpass")
    )
    return replace(offer, media=(audio,), bundle=("0",))


def answer(
    offer: Sdp,
    host: str,
    port: int,
    *,
    session_id: int,
    version: int = 1,
    codecs: Sequence[str] = USUAL,
    direction: str = "sendrecv",
    previous: Sdp | None = None,
    keys: Mapping[str, bytes] = MappingProxyType({}),
    insist: bool = False,
    comfort_noise: bool = False,
    web: WebTransport | None = None,
) -> tuple[Sdp, Agreement]:
    """Accept the first usable audio stream of ``offer`` and refuse all others with port 0.

    ``codecs`` are ours, the preferred one first; exactly one goes into the answer, so that nobody changes codec in mid-call.
    ``direction`` is what we wish; the answer never allows more than the offer did. ``previous`` is what we said last in
    this session: its id is kept and its version counted on where something changed (§8). ``keys`` are ours by suite, where
    SRTP is welcome; who does ``insist`` takes no stream without. With ``web``, how we are reached by browsers, only their streams
    are usable, else only those of phones. Raises ``NoCommonMedia``.
    """
    index, chosen = _first_usable(offer, codecs, keys, insist, web is not None)
    theirs = offer.media[index]
    line = crypto.accepted(theirs.crypto, keys)
    ours = () if line is None else (line,)
    agreement = replace(
        _agreement(offer, theirs, chosen, _common(theirs, codecs), direction),
        keying=crypto.agreed(ours, theirs.crypto),
        rtcp_mux=theirs.rtcp_mux,
        comfort_noise=_noise(theirs, chosen) if comfort_noise else None,
    )
    accepted = replace(_accepted(theirs, chosen, agreement, port), crypto=ours)
    if web is not None:
        setup = "active" if agreement.active else "passive"
        accepted = replace(accepted, rtcp_mux=True, mid=theirs.mid, web=replace(web, setup=setup))
    media = tuple(accepted if position == index else _refused(offered) for position, offered in enumerate(offer.media))
    bundle = (theirs.mid,) if web is not None and theirs.mid is not None and theirs.mid in offer.bundle else ()
    reply = Sdp(session_id=session_id, version=version, origin_address=host, address=host, media=media, bundle=bundle)
    return (reply if previous is None else _next_version(previous, reply)), agreement


def agree(offer: Sdp, reply: Sdp) -> Agreement:
    """What ``reply``, the far end's answer, makes of ``offer``, which was ours. Raises ``NoCommonMedia``."""
    if len(reply.media) < len(offer.media):
        raise NoCommonMedia("the answer has fewer streams than the offer")
    for ours, theirs in zip(offer.media, reply.media, strict=False):
        if ours.port == 0 or ours.kind != "audio" or not _usable(reply, theirs, ours.web is not None):
            continue
        keying = crypto.agreed(ours.crypto, theirs.crypto)
        if keying is None and {ours.protocol, theirs.protocol} & set(SECURE_PROFILES):
            continue
        known = {item.payload_type: item for item in ours.formats}
        # An answerer may leave out what the offer said of a number already; its own words count where there are any.
        named = replace(theirs, formats=tuple(_named(item, known) for item in theirs.formats))
        offered = {item.payload_type: codec for item in ours.formats if (codec := codec_of(item)) is not None}
        chosen = next((item for item in named.formats if codec_of(item) in offered.values()), None)
        if chosen is None:
            continue
        agreement = _agreement(reply, named, chosen, offered, ours.direction or offer.direction)
        own = [item for item in ours.formats if item.name == TELEPHONE_EVENT]
        same = [item.payload_type for item in own if item.clock_rate == agreement.dtmf_clock]
        dtmf_accepts = same[0] if agreement.dtmf_payload_type is not None and same else None
        return replace(
            agreement,
            dtmf_accepts=dtmf_accepts,
            keying=keying,
            rtcp_mux=ours.rtcp_mux and theirs.rtcp_mux,
            comfort_noise=_noise(named, chosen) if NOISE in ours.formats else None,
        )
    raise NoCommonMedia("the answer accepts none of the streams that were offered")


def reoffer(ours: Sdp, *, direction: str | None = None, host: str | None = None, port: int | None = None) -> Sdp:
    """The next offer of a session in which we last said ``ours``: hold (``sendonly``, ``inactive``), resume, or move.

    Every stream keeps its place, refused ones stay refused, and the version counts on where something changed (§8).
    """
    media = tuple(
        item
        if item.port == 0
        else replace(
            item,
            port=item.port if port is None else port,
            direction=direction or item.direction,
            web=None if item.web is None else replace(item.web, setup="actpass"),
        )
        for item in ours.media
    )
    address = host or ours.address
    return _next_version(ours, replace(ours, media=media, address=address, origin_address=host or ours.origin_address))


def _first_usable(
    offer: Sdp, codecs: Sequence[str], keys: Mapping[str, bytes], insist: bool, web: bool
) -> tuple[int, Format]:
    for index, media in enumerate(offer.media):
        if not _usable(offer, media, web):
            continue
        keyless = not web and crypto.accepted(media.crypto, keys) is None
        if keyless and (insist or media.protocol in SECURE_PROFILES):
            continue
        for name in codecs:
            for item in media.formats:
                if codec_of(item) == name:
                    return index, item
    offered = sorted({item.name for media in offer.media for item in media.formats if item.name})
    wanted = "a codec and SRTP key of ours" if insist else "a codec (and, for SRTP, a key) of ours"
    raise NoCommonMedia(f"no audio stream with {wanted}; offered: {', '.join(offered)[:120] or 'nothing'}")


def is_web(offer: Sdp) -> bool:
    """Whether its first audio stream is one of a browser."""
    return next((media.protocol in WEB_PROFILES for media in offer.media if media.kind == "audio"), False)


def _usable(description: Sdp, media: Media, web: bool) -> bool:
    if media.kind != "audio" or media.port == 0:
        return False
    if web:
        return media.protocol in WEB_PROFILES and media.web is not None and media.rtcp_mux
    if media.protocol not in (*PLAIN_PROFILES, *SECURE_PROFILES):
        return False
    try:
        address = ipaddress.ip_address(description.address_of(media) or "")
    except ValueError:
        return False
    return not address.is_multicast and str(address) != "255.255.255.255"


def _common(media: Media, codecs: Sequence[str]) -> dict[int, str]:
    names = {item.payload_type: codec_of(item) for item in media.formats}
    return {number: name for number, name in names.items() if name is not None and name in codecs}


def _named(item: Format, known: Mapping[int, Format]) -> Format:
    return item if item.name else known.get(item.payload_type, item)


def _agreement(theirs: Sdp, media: Media, chosen: Format, accepts: Mapping[int, str], wish: str) -> Agreement:
    host = theirs.address_of(media) or ""
    allowed = _MIRROR[theirs.direction_of(media)]
    web = media.web if media.protocol in WEB_PROFILES else None
    if web is None and ipaddress.ip_address(host).is_unspecified:
        allowed = _intersection(allowed, "recvonly")  # hold as RFC 2543 had it: there is nowhere to send to
    codec = codec_of(chosen) or ""
    dtmf = dtmf_of(media.formats, codec)
    return Agreement(
        host=host,
        port=media.port,
        codec=codec,
        payload_type=chosen.payload_type,
        accepts=dict(accepts),
        dtmf_payload_type=None if dtmf is None else dtmf.payload_type,
        dtmf_accepts=None if dtmf is None else dtmf.payload_type,
        dtmf_clock=8000 if dtmf is None else dtmf.clock_rate,
        parameters=chosen.parameters,
        ptime=media.ptime if media.ptime in PTIMES else PTIMES[0],
        direction=_intersection(allowed, wish),
        web=web,
        active=web is not None and answers(web.setup) == "active",
    )


def _accepted(theirs: Media, chosen: Format, agreement: Agreement, port: int) -> Media:
    formats = [replace(chosen, parameters=parameters_of(agreement.codec))]
    if agreement.dtmf_payload_type is not None:
        formats.append(dtmf_format(agreement.dtmf_payload_type, agreement.dtmf_clock))
    if agreement.comfort_noise is not None:
        formats.append(replace(NOISE, payload_type=agreement.comfort_noise))
    return Media(
        kind="audio",
        port=port,
        protocol=theirs.protocol,
        formats=tuple(formats),
        ptime=agreement.ptime,
        direction=agreement.direction,
        rtcp_mux=agreement.rtcp_mux,
    )


def _noise(media: Media, chosen: Format) -> int | None:
    noise = noise_of(media.formats, codec_of(chosen) or "")
    return None if noise is None else noise.payload_type


def _refused(offered: Media) -> Media:
    return Media(kind=offered.kind, port=0, protocol=offered.protocol, words=offered.words or ("0",))


def _intersection(one: str, other: str) -> str:
    sends = all(direction in ("sendrecv", "sendonly") for direction in (one, other))
    receives = all(direction in ("sendrecv", "recvonly") for direction in (one, other))
    if sends:
        return "sendrecv" if receives else "sendonly"
    return "recvonly" if receives else "inactive"


def _next_version(previous: Sdp, proposed: Sdp) -> Sdp:
    same = replace(proposed, session_id=previous.session_id, version=previous.version, username=previous.username)
    return same if same == previous else replace(same, version=previous.version + 1)
