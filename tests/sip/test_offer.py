"""Offer and answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from offhook.sip.errors import LocalProtocolError, NoCommonMedia
from offhook.sip.ice import Fingerprint, WebTransport
from offhook.sip.offer import Agreement, agree, answer, is_web, make_offer, reoffer
from offhook.sip.sdp import Sdp

US = ("192.0.2.1", 10_000)


def theirs(*media: str, address: str = "192.0.2.10", session: str = "") -> Sdp:
    lines = ["v=0", "o=- 1 1 IN IP4 192.0.2.10", "s=-", f"c=IN IP4 {address}", "t=0 0"]
    text = "\r\n".join([*lines, *([session] if session else []), *media, ""])
    return Sdp.parse(text.encode())


def reply_to(offer: Sdp, **more: object) -> tuple[Sdp, Agreement]:
    written, agreement = answer(offer, *US, session_id=7, **more)  # type: ignore[arg-type]
    return Sdp.parse(bytes(written)), agreement


def test_our_offer_lists_the_usual_codecs_and_keys_for_either_clock() -> None:
    offer = Sdp.parse(bytes(make_offer(*US, session_id=9)))
    (audio,) = offer.media
    assert [(item.payload_type, item.name, item.clock_rate) for item in audio.formats] == [
        (0, "PCMU", 8000),
        (8, "PCMA", 8000),
        (9, "G722", 8000),
        (107, "OPUS", 48_000),
        (101, "telephone-event", 8000),
        (110, "telephone-event", 48_000),
    ]
    assert b"a=rtpmap:107 opus/48000/2\r\n" in bytes(offer)
    assert (offer.session_id, offer.version, offer.address, audio.port) == (9, 1, "192.0.2.1", 10_000)
    assert (audio.ptime, audio.direction) == (20, "sendrecv")


def test_an_offer_needs_a_codec_that_we_have() -> None:
    with pytest.raises(LocalProtocolError):
        make_offer(*US, session_id=1, codecs=())
    with pytest.raises(LocalProtocolError):
        make_offer(*US, session_id=1, codecs=("GSM",))


def test_the_answer_takes_the_first_usable_audio_and_refuses_the_rest() -> None:
    reply, agreement = reply_to(
        theirs(
            "m=video 5000 RTP/AVP 31",
            "m=audio 5001 RTP/SAVP 0",
            "m=audio 0 RTP/AVP 0",
            "m=audio 5002 RTP/AVP 18",
            "m=audio 5003 RTP/AVP 8 0 96",
            "a=rtpmap:96 telephone-event/8000",
            "m=audio 5004 RTP/AVP 0",
            "m=image 5005 UDPTL t38",
        )
    )
    assert [media.port for media in reply.media] == [0, 0, 0, 0, 10_000, 0, 0]
    assert [media.kind for media in reply.media] == ["video", "audio", "audio", "audio", "audio", "audio", "image"]
    assert reply.media[6].words == ("t38",)
    assert reply.media[1].protocol == "RTP/SAVP"
    assert reply.media[4].words == ("0", "96")
    assert agreement == Agreement(
        host="192.0.2.10",
        port=5003,
        codec="PCMU",
        payload_type=0,
        accepts={8: "PCMA", 0: "PCMU"},
        dtmf_payload_type=96,
        dtmf_accepts=96,
    )


def test_a_codec_under_a_dynamic_number_keeps_that_number() -> None:
    reply, agreement = reply_to(theirs("m=audio 5000 RTP/AVP 97", "a=rtpmap:97 pcma/8000/1"))
    assert (agreement.codec, agreement.payload_type, agreement.accepts) == ("PCMA", 97, {97: "PCMA"})
    assert reply.media[0].words == ("97",)
    assert agreement.dtmf_payload_type is None


def test_our_preference_decides() -> None:
    offer = theirs("m=audio 5000 RTP/AVP 0 8")
    assert reply_to(offer, codecs=("PCMA", "PCMU"))[1].codec == "PCMA"
    assert reply_to(offer, codecs=("PCMA",))[1].accepts == {8: "PCMA"}


def test_keys_at_another_clock_rate_are_not_ours() -> None:
    media = ("m=audio 5000 RTP/AVP 0 96 97", "a=rtpmap:96 telephone-event/48000", "a=rtpmap:97 telephone-event/8000")
    assert reply_to(theirs(*media))[1].dtmf_payload_type == 97


@pytest.mark.parametrize(
    "offer",
    [
        theirs("m=audio 5000 RTP/AVP 18 3"),
        theirs("m=audio 5000 RTP/AVP 96", "a=rtpmap:96 PCMU/16000"),
        theirs("m=audio 5000 RTP/AVP 96", "a=rtpmap:96 PCMU/8000/2"),
        theirs("m=audio 5000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"),
        theirs("m=video 5000 RTP/AVP 31"),
        theirs("m=audio 5000 UDP/TLS/RTP/SAVPF 0"),
        theirs("m=audio 0 RTP/AVP 0"),
        theirs(),
        theirs("m=audio 5000 RTP/AVP 0", address="224.0.0.1"),
        theirs("m=audio 5000 RTP/AVP 0", address="255.255.255.255"),
        theirs("m=audio 5000 RTP/AVP 0", address="phone.example"),
    ],
)
def test_an_offer_without_common_media_gets_488(offer: Sdp) -> None:
    with pytest.raises(NoCommonMedia) as caught:
        reply_to(offer)
    assert caught.value.status_hint == 488


@pytest.mark.parametrize(
    ("said", "ours"),
    [("sendrecv", "sendrecv"), ("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive")],
)
def test_hold_by_direction_is_mirrored(said: str, ours: str) -> None:
    for offer in (theirs("m=audio 5000 RTP/AVP 0", f"a={said}"), theirs("m=audio 5000 RTP/AVP 0", session=f"a={said}")):
        reply, agreement = reply_to(offer)
        assert agreement.direction == reply.media[0].direction == ours
        assert agreement.held == (said in ("sendonly", "inactive"))


def test_hold_by_a_null_address_stops_our_sending() -> None:
    reply, agreement = reply_to(theirs("m=audio 5000 RTP/AVP 0", address="0.0.0.0"))
    assert (agreement.direction, agreement.sends, agreement.held) == ("recvonly", False, True)
    assert reply.media[0].direction == "recvonly"


def test_our_wish_narrows_what_the_offer_allows() -> None:
    assert reply_to(theirs("m=audio 5000 RTP/AVP 0", "a=sendonly"), direction="sendonly")[1].direction == "inactive"
    assert reply_to(theirs("m=audio 5000 RTP/AVP 0"), direction="sendonly")[1].direction == "sendonly"


@pytest.mark.parametrize(("asked", "given"), [(10, 10), (20, 20), (30, 30), (60, 60), (25, 20), (200, 20)])
def test_packets_are_as_long_as_asked_where_the_engine_can(asked: int, given: int) -> None:
    assert reply_to(theirs("m=audio 5000 RTP/AVP 0", f"a=ptime:{asked}"))[1].ptime == given


def test_an_answer_in_a_running_session_counts_the_version_on_only_when_it_changes() -> None:
    offer = theirs("m=audio 5000 RTP/AVP 0")
    first, _ = answer(offer, *US, session_id=7)
    again, _ = answer(offer, *US, session_id=99, previous=first)
    assert again == first
    held, _ = answer(theirs("m=audio 5000 RTP/AVP 0", "a=sendonly"), *US, session_id=99, previous=first)
    assert (held.session_id, held.version) == (7, 2)


def test_both_sides_reach_the_same_agreement() -> None:
    offer = make_offer(*US, session_id=1)
    reply, callee = answer(Sdp.parse(bytes(offer)), "198.51.100.1", 20_000, session_id=2)
    caller = agree(offer, Sdp.parse(bytes(reply)))
    assert (caller.host, caller.port) == ("198.51.100.1", 20_000)
    assert (callee.host, callee.port) == US
    for side in (caller, callee):
        assert (side.codec, side.payload_type, side.dtmf_payload_type, side.direction) == ("PCMU", 0, 101, "sendrecv")
        assert side.accepts == {0: "PCMU", 8: "PCMA", 9: "G722", 107: "OPUS"}


def test_the_far_ends_order_decides_what_we_send_after_our_offer() -> None:
    offer = make_offer(*US, session_id=1)
    assert agree(offer, theirs("m=audio 5000 RTP/AVP 8 0")).codec == "PCMA"


def test_an_answer_may_leave_out_what_the_offer_said_of_a_number() -> None:
    agreement = agree(make_offer(*US, session_id=1), theirs("m=audio 5000 RTP/AVP 0 101"))
    assert agreement.dtmf_payload_type == 101


def test_keys_under_another_number_go_out_and_come_in_differently() -> None:
    reply = theirs("m=audio 5000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000")
    agreement = agree(make_offer(*US, session_id=1), reply)
    assert (agreement.dtmf_payload_type, agreement.dtmf_accepts) == (96, 101)


@pytest.mark.parametrize(
    "reply",
    [theirs(), theirs("m=audio 0 RTP/AVP 0"), theirs("m=audio 5000 RTP/AVP 18"), theirs("m=video 5000 RTP/AVP 31")],
)
def test_an_answer_that_accepts_nothing_is_refused(reply: Sdp) -> None:
    with pytest.raises(NoCommonMedia):
        agree(make_offer(*US, session_id=1), reply)


def test_hold_and_resume_keep_the_session_and_count_the_version() -> None:
    first = make_offer(*US, session_id=4)
    held = reoffer(first, direction="sendonly")
    resumed = reoffer(held, direction="sendrecv")
    assert [(sdp.session_id, sdp.version, sdp.media[0].direction) for sdp in (first, held, resumed)] == [
        (4, 1, "sendrecv"),
        (4, 2, "sendonly"),
        (4, 3, "sendrecv"),
    ]
    assert reoffer(first) == first
    assert agree(held, theirs("m=audio 5000 RTP/AVP 0", "a=recvonly")).direction == "sendonly"


def test_a_session_can_move_and_refused_streams_stay_refused() -> None:
    ours, _ = answer(theirs("m=audio 5000 RTP/AVP 0", "m=video 5001 RTP/AVP 31"), *US, session_id=4)
    moved = reoffer(ours, host="192.0.2.2", port=10_002)
    assert (moved.address, moved.origin_address, moved.version) == ("192.0.2.2", "192.0.2.2", 2)
    assert [media.port for media in moved.media] == [10_002, 0]


KEYS = {"AEAD_AES_128_GCM": b"g" * 28, "AES_CM_128_HMAC_SHA1_80": b"c" * 30}
CRYPTO = "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:" + "d2Vs" * 10


@pytest.mark.parametrize(
    ("profile", "crypto", "keys", "insist", "enciphered"),
    [
        ("RTP/SAVP", True, KEYS, False, True),
        ("RTP/SAVPF", True, KEYS, True, True),
        ("RTP/AVP", True, KEYS, False, True),
        ("RTP/AVP", False, KEYS, False, False),
        ("RTP/AVP", True, {}, False, False),
        ("RTP/AVP", False, KEYS, True, None),
        ("RTP/SAVP", False, KEYS, False, None),
        ("RTP/SAVP", True, {}, False, None),
        ("UDP/TLS/RTP/SAVPF", True, KEYS, False, None),
    ],
)
def test_srtp_is_taken_as_offered_where_both_sides_have_keys(
    profile: str, crypto: bool, keys: dict[str, bytes], insist: bool, enciphered: bool | None
) -> None:
    offer = theirs(f"m=audio 5000 {profile} 0", *([CRYPTO] if crypto else []))
    if enciphered is None:
        with pytest.raises(NoCommonMedia):
            reply_to(offer, keys=keys, insist=insist)
        return
    reply, agreement = reply_to(offer, keys=keys, insist=insist)
    assert reply.media[0].protocol == profile
    assert [line.tag for line in reply.media[0].crypto] == ([4] if enciphered else [])
    assert (agreement.keying is not None) == enciphered
    if agreement.keying is not None:
        assert (agreement.keying.sends, agreement.keying.receives) == (b"c" * 30, b"wel" * 10)
        back = agree(offer, reply)
        assert back.keying is not None
        assert (back.keying.sends, back.keying.receives) == (b"wel" * 10, b"c" * 30)


def test_of_two_streams_the_one_that_can_be_enciphered_is_taken_by_who_insists() -> None:
    offer = theirs("m=audio 5000 RTP/AVP 0", "m=audio 5002 RTP/SAVP 0", CRYPTO)
    assert reply_to(offer, keys=KEYS)[1].port == 5000
    assert reply_to(offer, keys=KEYS, insist=True)[1].port == 5002


def test_an_offer_of_srtp_may_be_answered_without_unless_we_insist() -> None:
    plain = theirs("m=audio 5000 RTP/AVP 0")
    offer = make_offer(*US, session_id=1, keys=KEYS)
    assert offer.media[0].protocol == "RTP/AVP"
    assert agree(offer, plain).keying is None
    offer = make_offer(*US, session_id=1, keys=KEYS, insist=True)
    assert offer.media[0].protocol == "RTP/SAVP"
    for answered in (plain, theirs("m=audio 5000 RTP/SAVP 0")):
        with pytest.raises(NoCommonMedia):
            agree(offer, answered)


def test_a_hold_keeps_the_keys() -> None:
    reply, _ = reply_to(theirs("m=audio 5000 RTP/SAVP 0", CRYPTO), keys=KEYS)
    held = reoffer(reply, direction="sendonly")
    assert held.media[0].crypto == reply.media[0].crypto
    assert held.media[0].protocol == "RTP/SAVP"


WIDE = ("m=audio 5000 RTP/AVP 9 111 0 101 110", "a=rtpmap:111 opus/48000/2", "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:110 telephone-event/48000", "a=fmtp:111 minptime=10; useinbandfec=1; maxaveragebitrate=20000")  # fmt: skip


@pytest.mark.parametrize(
    ("codecs", "codec", "number", "keys", "clock"),
    [
        (("OPUS", "PCMU"), "OPUS", 111, 110, 48_000),
        (("G722", "PCMU"), "G722", 9, 101, 8000),
        (("L16/16000", "PCMU"), "PCMU", 0, 101, 8000),
    ],
)
def test_our_order_decides_and_keys_go_by_the_clock_of_the_codec(
    codecs: tuple[str, ...], codec: str, number: int, keys: int, clock: int
) -> None:
    reply, agreement = reply_to(theirs(*WIDE), codecs=codecs)
    assert (agreement.codec, agreement.payload_type) == (codec, number)
    assert (agreement.dtmf_payload_type, agreement.dtmf_clock) == (keys, clock)
    assert [item.payload_type for item in reply.media[0].formats] == [number, keys]
    back = agree(theirs(*WIDE), reply)
    assert (back.codec, back.dtmf_accepts, back.dtmf_clock) == (codec, keys, clock)


def test_what_the_far_end_says_of_its_opus_is_kept_and_ours_is_said() -> None:
    reply, agreement = reply_to(theirs(*WIDE), codecs=("OPUS",))
    assert agreement.parameters == "minptime=10; useinbandfec=1; maxaveragebitrate=20000"
    assert reply.media[0].formats[0].parameters == "useinbandfec=1"


def test_keys_at_8_khz_serve_a_codec_of_another_clock_where_there_are_no_others() -> None:
    media = ("m=audio 5000 RTP/AVP 111 101", "a=rtpmap:111 opus/48000/2", "a=rtpmap:101 telephone-event/8000")
    agreement = reply_to(theirs(*media))[1]
    assert (agreement.codec, agreement.dtmf_payload_type, agreement.dtmf_clock) == ("OPUS", 101, 8000)


def test_the_port_is_shared_with_rtcp_where_they_offer_that() -> None:
    reply, agreement = reply_to(theirs("m=audio 5003 RTP/AVP 0", "a=rtcp-mux"))
    assert (reply.media[0].rtcp_mux, agreement.rtcp_mux) == (True, True)
    reply, agreement = reply_to(theirs("m=audio 5003 RTP/AVP 0"))
    assert (reply.media[0].rtcp_mux, agreement.rtcp_mux) == (False, False)
    unasked = agree(make_offer(*US, session_id=1), theirs("m=audio 5003 RTP/AVP 0", "a=rtcp-mux"))
    assert not unasked.rtcp_mux


def test_comfort_noise_is_agreed_on_where_both_want_it_and_the_codec_has_it() -> None:
    asked = theirs("m=audio 5003 RTP/AVP 0 107 13", "a=rtpmap:107 opus/48000/2")
    for more, codec, number in (
        ({"comfort_noise": True}, "PCMU", 13),
        ({}, "PCMU", None),
        ({"comfort_noise": True, "codecs": ("OPUS",)}, "OPUS", None),
    ):
        reply, agreement = reply_to(asked, **more)
        assert (agreement.codec, agreement.comfort_noise) == (codec, number)
        assert (13 in [item.payload_type for item in reply.media[0].formats]) is (number is not None)
    offer = make_offer(*US, session_id=1, comfort_noise=True)
    assert agree(offer, theirs("m=audio 5003 RTP/AVP 0 13")).comfort_noise == 13
    assert agree(offer, theirs("m=audio 5003 RTP/AVP 0")).comfort_noise is None
    assert agree(make_offer(*US, session_id=1), theirs("m=audio 5003 RTP/AVP 0 13")).comfort_noise is None


OURS = WebTransport(
    ufrag="ours",
    password="a-password-of-ours-long-enough".replace("-", ""),
    fingerprint=Fingerprint(hash="sha-256", digest=bytes(32)),
    setup="passive",
    candidates=("1 1 udp 2130706431 192.0.2.1 16382 typ host",),
    complete=True,
    lite=True,
)
BROWSER = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 110 126",
    "c=IN IP4 0.0.0.0",
    "a=ice-ufrag:Hw4k",
    "a=ice-pwd:3Q1kGQ3K0g5Wj2o1c8JmB7fD",
    "a=fingerprint:sha-256 " + bytes(range(32)).hex(":").upper(),
    "a=setup:actpass",
    "a=mid:0",
    "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:63 red/48000/2",
    "a=rtpmap:110 telephone-event/48000",
    "a=rtpmap:126 telephone-event/8000",
)


def test_a_browser_gets_an_answer_that_it_can_reach() -> None:
    offer = theirs(*BROWSER, session="a=group:BUNDLE 0")
    assert is_web(offer)
    reply, agreement = reply_to(offer, web=OURS, codecs=("OPUS", "PCMU"))
    (audio,) = reply.media
    assert (audio.protocol, audio.port, audio.mid, audio.rtcp_mux) == ("UDP/TLS/RTP/SAVPF", 10_000, "0", True)
    assert reply.bundle == ("0",)
    assert audio.web == OURS
    assert b"a=ice-lite\r\n" in bytes(reply)
    assert (agreement.codec, agreement.payload_type, agreement.direction) == ("OPUS", 111, "sendrecv")
    assert (agreement.dtmf_payload_type, agreement.dtmf_clock, agreement.active) == (110, 48_000, False)
    assert agreement.web is not None
    assert agreement.web.ufrag == "Hw4k"


def test_which_codec_a_browser_speaks_is_our_choice() -> None:
    _, agreement = reply_to(theirs(*BROWSER), web=OURS, codecs=("PCMU", "OPUS"))
    assert (agreement.codec, agreement.dtmf_payload_type, agreement.dtmf_clock) == ("PCMU", 126, 8000)


def test_who_waits_for_the_handshake_gets_it_from_us() -> None:
    reply, agreement = reply_to(theirs(*(line.replace("actpass", "passive") for line in BROWSER)), web=OURS)
    assert reply.media[0].web == replace(OURS, setup="active")
    assert agreement.active


@pytest.mark.parametrize("without", ["a=rtcp-mux", "a=ice-pwd", "a=fingerprint"])
def test_a_browser_without_what_its_transport_needs_is_refused(without: str) -> None:
    with pytest.raises(NoCommonMedia):
        reply_to(theirs(*(line for line in BROWSER if not line.startswith(without))), web=OURS)


def test_streams_of_phones_and_of_browsers_are_not_mixed_up() -> None:
    with pytest.raises(NoCommonMedia):
        reply_to(theirs(*BROWSER))
    with pytest.raises(NoCommonMedia):
        reply_to(theirs("m=audio 5003 RTP/AVP 0"), web=OURS)
    assert not is_web(theirs("m=audio 5003 RTP/AVP 0", "a=ice-ufrag:abcd"))


def test_our_offer_to_a_browser_is_answered_by_one_like_it() -> None:
    offer = Sdp.parse(bytes(make_offer(*US, session_id=9, web=OURS)))
    assert offer.media[0].web == replace(OURS, setup="actpass")
    assert (offer.media[0].protocol, offer.bundle) == ("UDP/TLS/RTP/SAVPF", ("0",))
    browser = replace(OURS, ufrag="them", lite=False, candidates=())
    reply, _ = answer(offer, "0.0.0.0", 9, session_id=1, web=browser)
    agreement = agree(offer, Sdp.parse(bytes(reply)))
    assert agreement.web is not None
    assert (agreement.web.ufrag, agreement.active) == ("them", True)


def test_a_hold_keeps_the_way_and_lets_either_side_begin_again() -> None:
    first, _ = answer(theirs(*BROWSER), *US, session_id=7, web=OURS)
    again = reoffer(first, direction="sendonly")
    assert again.media[0].web == replace(OURS, setup="actpass")
    assert again.version == first.version + 1
    held, agreement = answer(theirs(*BROWSER, "a=sendonly"), *US, session_id=7, web=OURS, previous=first)
    assert (held.media[0].direction, agreement.held) == ("recvonly", True)
