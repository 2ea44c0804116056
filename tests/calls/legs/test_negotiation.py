from __future__ import annotations

import random

import pytest

from offhook.calls.legs.negotiation import MediaAddresses, Negotiation
from offhook.media.commands import Connect, Direction
from offhook.media.fake import FakeEngine
from offhook.media.session import Sessions
from offhook.media.settings import MediaSettings
from offhook.media.srtp import SrtpPolicy
from offhook.media.webrtc import OpenToBrowser
from offhook.security.egress import Egress
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Flow, Transport
from offhook.sip.offer import make_offer
from offhook.sip.sdp import Sdp
from offhook.sip.settings import SipSettings
from tests.support.virtual_loop import run


@pytest.mark.parametrize(
    ("media", "sip", "bound", "advertised"),
    [
        (MediaSettings(), SipSettings(), "10.0.0.5", "10.0.0.5"),
        (MediaSettings(), SipSettings(advertise="10.0.0.5"), "0.0.0.0", "10.0.0.5"),
        (MediaSettings(host="10.0.0.9"), SipSettings(), "10.0.0.9", "10.0.0.5"),
        (MediaSettings(advertise="192.0.2.1"), SipSettings(), "10.0.0.5", "192.0.2.1"),
    ],
)
def test_an_advertised_address_is_not_bound(
    media: MediaSettings, sip: SipSettings, bound: str, advertised: str
) -> None:
    addresses = MediaAddresses(media=media, sip=sip)
    assert (addresses.bound("10.0.0.5"), addresses.advertised("10.0.0.5")) == (bound, advertised)


@pytest.mark.parametrize(
    ("named", "peer", "sent_to"),
    [
        ("198.18.0.7", "9.9.9.9", "9.9.9.9"),
        ("127.0.0.1", "9.9.9.9", "9.9.9.9"),
        ("10.0.0.7", "2606:4700::1", "2606:4700::1"),
        ("internal.example", "9.9.9.9", "9.9.9.9"),
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),
        ("10.1.0.7", "9.9.9.9", "10.1.0.7"),
        ("8.8.8.8", "10.0.0.5", "8.8.8.8"),
        ("10.0.0.7", "10.0.0.5", "10.0.0.7"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("10.0.0.7", "", "10.0.0.7"),
    ],
)
def test_nobody_outside_makes_us_send_audio_into_internal_networks(named: str, peer: str, sent_to: str) -> None:
    addresses = MediaAddresses(media=MediaSettings(), sip=SipSettings(), egress=Egress(["10.1.0.0/16"]))
    assert addresses.remote(named, peer) == sent_to


def test_audio_goes_to_the_far_end_itself_where_its_address_is_of_no_use() -> None:
    async def main() -> None:
        engine = FakeEngine()
        addresses = MediaAddresses(media=MediaSettings(), sip=SipSettings())
        far = Negotiation(Sessions(FakeEngine()).create(), addresses, lambda _: 42)
        await far.open("10.0.0.9")
        near = Negotiation(Sessions(engine).create(), addresses, lambda _: 42)
        near.signalled_over(Flow(Transport.UDP, "9.9.9.9", 5060))
        await near.open("192.0.2.1")
        _, agreement = near.answer(far.offer())
        await near.follow(agreement)
        (connect,) = [command for command in engine.commands if isinstance(command, Connect)]
        assert connect.remote == ("9.9.9.9", far.session.local.port)

    run(main())


def test_two_sides_agree_and_a_hold_keeps_the_session() -> None:
    async def main() -> None:
        engine = FakeEngine()
        sessions = Sessions(engine)
        addresses = MediaAddresses(media=MediaSettings(), sip=SipSettings())
        one, other = (Negotiation(sessions.create(), addresses, lambda _: 42) for _ in range(2))
        await one.open("127.0.0.1")
        await other.open("127.0.0.1")
        offer = one.offer()
        assert offer == one.offer()
        reply, agreement = other.answer(offer)
        assert (agreement.port, agreement.codec) == (one.session.local.port, "PCMU")
        await one.follow(one.agree(reply))
        held, agreement = other.answer(offer.replace(b"42 1 IN", b"42 2 IN") + b"a=sendonly\r\n")
        await other.follow(agreement)
        last = [command for command in engine.commands if isinstance(command, Connect)][-1]
        assert last.direction is Direction.RECVONLY
        assert b"o=- 42 2 " in held
        again = other.offer()
        assert (b"o=- 42 3 " in again, b"a=sendrecv" in again) == (True, True), "asked for an offer, we end the hold"
        with pytest.raises(RemoteProtocolError):
            one.agree(None)
        await one.session.close()
        await other.session.close()

    run(main())


def test_each_side_may_number_its_keys_itself() -> None:
    async def main() -> None:
        engine = FakeEngine()
        negotiation = Negotiation(
            Sessions(engine).create(), MediaAddresses(media=MediaSettings(), sip=SipSettings()), lambda _: 42
        )
        await negotiation.open("127.0.0.1")
        negotiation.offer()
        reply = (
            b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            b"m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"
        )
        await negotiation.follow(negotiation.agree(reply))
        (connect,) = [command for command in engine.commands if isinstance(command, Connect)]
        assert (connect.dtmf_payload_type, connect.dtmf_accepts) == (96, 101)
        await negotiation.session.close()

    run(main())


@pytest.mark.parametrize(
    ("setting", "events", "hears"), [("auto", True, False), ("auto", False, True), ("never", False, False)]
)
def test_keys_are_heard_as_tones_where_the_far_end_knows_no_events(setting: str, events: bool, hears: bool) -> None:
    async def main() -> None:
        engine, (negotiation,) = negotiations(1, inband_dtmf=setting)
        await negotiation.open("127.0.0.1")
        negotiation.offer()
        keypad = b" 101\r\na=rtpmap:101 telephone-event/8000" if events else b""
        reply = (
            b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0"
            + keypad
            + b"\r\n"
        )
        await negotiation.follow(negotiation.agree(reply))
        (connect,) = [command for command in engine.commands if isinstance(command, Connect)]
        assert connect.inband_dtmf is hears
        await negotiation.session.close()

    run(main())


@pytest.mark.parametrize(
    ("way", "events", "expected"),
    [
        ("auto", True, (101, False)),
        ("auto", False, (None, True)),
        ("rfc4733", False, (None, False)),
        ("info", True, (101, True)),
        ("inband", True, (None, False)),
    ],
)
def test_keys_are_sent_as_the_setting_says_and_as_the_far_end_sends_its_own(
    way: str, events: bool, expected: tuple[int | None, bool]
) -> None:
    async def main() -> None:
        engine, (negotiation,) = negotiations(1, dtmf=way)
        sent: list[str] = []
        negotiation.signal_key = lambda key, _: sent.append(key)
        await negotiation.open("127.0.0.1")
        negotiation.offer()
        keypad = b" 101\r\na=rtpmap:101 telephone-event/8000" if events else b""
        reply = (
            b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0"
            + keypad
            + b"\r\n"
        )
        await negotiation.follow(negotiation.agree(reply))
        await negotiation.keys_are_signalled()
        await negotiation.keys_are_signalled()
        connects = [command for command in engine.commands if isinstance(command, Connect)]
        assert len(connects) == 2
        assert (connects[-1].dtmf_payload_type, connects[-1].dtmf_signalled) == expected
        if expected[1]:
            await negotiation.session.send_digits("5")
            assert sent == ["5"]
        await negotiation.session.close()

    run(main())


def negotiations(count: int, **media: str) -> tuple[FakeEngine, list[Negotiation]]:
    engine = FakeEngine()
    sessions = Sessions(engine)
    addresses = MediaAddresses(media=MediaSettings(**media), sip=SipSettings())
    numbers = iter(range(1, 1000))
    return engine, [Negotiation(sessions.create(), addresses, lambda _: next(numbers)) for _ in range(count)]


@pytest.mark.parametrize(
    ("policy", "transport", "profile", "enciphered"),
    [
        ("off", Transport.TLS, b"RTP/AVP", False),
        ("optional", Transport.UDP, b"RTP/AVP", False),
        ("optional", Transport.TLS, b"RTP/AVP", True),
        ("required", Transport.UDP, b"RTP/SAVP", True),
    ],
)
def test_srtp_is_offered_by_policy_and_keys_match(
    policy: str, transport: Transport, profile: bytes, enciphered: bool
) -> None:
    async def main() -> None:
        engine, (one, other) = negotiations(2)
        one.srtp = SrtpPolicy(policy)
        one.signalled_over(Flow(transport, "192.0.2.1", 5061))
        await one.open("127.0.0.1")
        await other.open("127.0.0.1")
        offer = one.offer()
        assert (profile + b" " in offer, b"a=crypto" in offer) == (True, enciphered)
        reply, agreement = other.answer(offer)
        await other.follow(agreement)
        await one.follow(one.agree(reply))
        theirs, ours = [command.security for command in engine.commands if isinstance(command, Connect)]
        assert (ours is not None) == enciphered
        if ours is not None and theirs is not None:
            assert (ours.sends, ours.receives) == (theirs.receives, theirs.sends)
        await one.session.close()
        await other.session.close()

    run(main())


def test_a_far_end_with_a_new_key_gets_a_new_one_of_ours_and_one_that_repeats_it_does_not() -> None:
    async def main() -> None:
        engine, (phone, other, ours) = negotiations(3, srtp="required")
        for negotiation in (phone, other, ours):
            await negotiation.open("127.0.0.1")
        for caller in (phone, phone, other):
            _, agreement = ours.answer(caller.offer())
            await ours.follow(agreement)
        first, again, moved = [command.security for command in engine.commands if isinstance(command, Connect)]
        assert first == again
        assert moved is not None
        assert first is not None
        assert moved.sends != first.sends
        for negotiation in (phone, other, ours):
            await negotiation.session.close()

    run(main())


def test_a_leg_that_must_not_be_heard_refuses_plain_media() -> None:
    async def main() -> None:
        _, (plain, ours) = negotiations(2)
        ours.srtp = SrtpPolicy.REQUIRED
        await plain.open("127.0.0.1")
        await ours.open("127.0.0.1")
        with pytest.raises(RemoteProtocolError) as refused:
            ours.answer(plain.offer())
        assert refused.value.status_hint == 488
        await plain.session.close()
        await ours.session.close()

    run(main())


def browser_offer(ufrag: str = "Hw4k", *more: str) -> bytes:
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 126",
        "c=IN IP4 0.0.0.0",
        f"a=ice-ufrag:{ufrag}",
        "a=ice-pwd:3Q1kGQ3K0g5Wj2o1c8JmB7fD",
        "a=candidate:1 1 udp 2122260223 8.8.8.8 50000 typ srflx raddr 0.0.0.0 rport 0",
        "a=candidate:2 1 udp 2122260223 10.0.0.7 50000 typ host",
        "a=fingerprint:sha-256 " + bytes(range(32)).hex(":"),
        "a=setup:actpass",
        "a=mid:0",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:126 telephone-event/8000",
        *more,
        "",
    ]
    return "\r\n".join(lines).encode()


def web_line(engine: FakeEngine, **settings: object) -> Negotiation:
    addresses = MediaAddresses(media=MediaSettings(**settings), sip=SipSettings())  # type: ignore[arg-type]
    negotiation = Negotiation(Sessions(engine).create(), addresses, random.Random(7).getrandbits)
    negotiation.signalled_over(Flow(Transport.WSS, "9.9.9.9", 50_000))
    return negotiation


def test_a_browser_is_answered_at_the_port_that_all_share() -> None:
    async def main() -> None:
        engine = FakeEngine()
        near = web_line(engine, browser_codecs=("OPUS",))
        await near.open("192.0.2.1", browser_offer())
        assert near.session.local is not None
        ours, agreement = near.answer(browser_offer())
        await near.follow(agreement)
        (connect,) = [command for command in engine.commands if isinstance(command, Connect)]
        audio = Sdp.parse(ours).media[0]
        assert audio.web is not None
        assert (audio.port, agreement.codec, audio.web.setup) == (near.session.local.port, "OPUS", "passive")
        assert [candidate.split()[2] for candidate in audio.web.candidates] == ["udp", "tcp"]
        assert audio.web.candidates[0] == f"1 1 udp 2130706431 192.0.2.1 {audio.port} typ host"
        assert connect.peer is not None
        assert (connect.peer.local.ufrag, connect.peer.remote.ufrag) == (audio.web.ufrag, "Hw4k")
        assert connect.peer.fingerprint == ("sha-256", bytes(range(32)))
        assert [candidate.split()[4] for candidate in connect.peer.candidates] == ["8.8.8.8"]

    run(main())


def test_a_new_user_fragment_is_answered_with_a_new_one_and_an_old_one_with_the_old() -> None:
    async def main() -> None:
        near = web_line(FakeEngine())
        await near.open("192.0.2.1", browser_offer())
        names = []
        for offer in (
            browser_offer(),
            browser_offer("Hw4k", "a=sendonly"),
            browser_offer("New1"),
            browser_offer("New1"),
        ):
            ours, agreement = near.answer(offer)
            await near.follow(agreement)
            web = Sdp.parse(ours).media[0].web
            assert web is not None
            names.append((web.ufrag, web.password))
        assert names[0] == names[1] != names[2] == names[3]
        assert names[0][1] != names[2][1]

    run(main())


def test_a_client_that_is_reached_over_a_websocket_gets_an_offer_for_browsers_and_a_phone_there_is_answered_as_a_phone() -> (
    None
):
    async def main() -> None:
        engine = FakeEngine()
        near, phone = web_line(engine), web_line(FakeEngine())
        await near.open("192.0.2.1")
        offer = Sdp.parse(near.offer())
        assert (offer.media[0].protocol, offer.bundle) == ("UDP/TLS/RTP/SAVPF", ("0",))
        assert offer.media[0].web is not None
        assert (offer.media[0].web.setup, offer.media[0].web.lite) == ("actpass", True)
        plain = make_offer("9.9.9.9", 4000, session_id=1)
        await phone.open("192.0.2.1", bytes(plain))
        assert Sdp.parse(phone.answer(bytes(plain))[0]).media[0].protocol == "RTP/AVP"

    run(main())


def test_full_ice_lets_who_offers_decide() -> None:
    async def main() -> None:
        engines = FakeEngine(), FakeEngine()
        caller, called = (web_line(engine, ice="full") for engine in engines)
        await caller.open("192.0.2.1")
        assert b"ice-lite" not in caller.offer()
        await called.open("192.0.2.1", browser_offer())
        opened = [command for engine in engines for command in engine.commands if isinstance(command, OpenToBrowser)]
        assert [(command.lite, command.controlling) for command in opened] == [(False, True), (False, False)]

    run(main())
