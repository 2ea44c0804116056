"""Session descriptions."""

from __future__ import annotations

import pytest

from offhook.sip.errors import LocalProtocolError, RemoteProtocolError
from offhook.sip.sdp import Format, Media, Sdp

PHONE = b"""v=0\r
o=alice 2890844526 2890844527 IN IP4 host.example\r
s=A call\r
i=ignored\r
c=IN IP4 192.0.2.10\r
b=AS:64\r
t=0 0\r
a=sendrecv\r
m=audio 49170 RTP/AVP 9 0 96 101 13\r
a=rtpmap:0 pcmu/8000\r
a=rtpmap:96 opus/48000/2\r
a=fmtp:96 useinbandfec=1\r
a=rtpmap:101 Telephone-Event/8000\r
a=fmtp:101 0-16\r
a=ptime:30\r
a=rtcp:49180 IN IP4 192.0.2.11\r
a=sendonly\r
m=video 0 RTP/AVP 31\r
c=IN IP6 2001:db8::1\r
m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r
"""


def test_a_phones_description_is_understood() -> None:
    sdp = Sdp.parse(PHONE)
    assert (sdp.username, sdp.session_id, sdp.version, sdp.name) == ("alice", 2890844526, 2890844527, "A call")
    audio, video, data = sdp.media
    assert [(item.payload_type, item.name, item.clock_rate, item.channels) for item in audio.formats] == [
        (9, "G722", 8000, 1),
        (0, "PCMU", 8000, 1),
        (96, "OPUS", 48000, 2),
        (101, "telephone-event", 8000, 1),
        (13, "CN", 8000, 1),
    ]
    assert audio.formats[3].parameters == "0-16"
    assert (audio.port, audio.ptime, audio.rtcp) == (49170, 30, (49180, "192.0.2.11"))
    assert (sdp.address_of(audio), sdp.direction_of(audio)) == ("192.0.2.10", "sendonly")
    assert (sdp.address_of(video), sdp.direction_of(video)) == ("2001:db8::1", "sendrecv")
    assert (data.formats, data.words) == ((), ("webrtc-datachannel",))


def test_what_is_written_reads_back() -> None:
    sdp = Sdp(
        session_id=5,
        version=6,
        origin_address="2001:db8::2",
        address="2001:db8::2",
        direction="inactive",
        media=(
            Media(
                kind="audio",
                port=4000,
                formats=(
                    Format(payload_type=0, name="PCMU"),
                    Format(payload_type=96, name="OPUS", clock_rate=48000, channels=2, parameters="stereo=1"),
                ),
                words=("0", "96"),
                address="192.0.2.1",
                ptime=20,
                direction="recvonly",
                rtcp=(4002, None),
                rtcp_mux=True,
            ),
            Media(kind="image", port=0, protocol="UDPTL", words=("t38",)),
        ),
    )
    assert Sdp.parse(bytes(sdp)) == sdp
    assert b"o=- 5 6 IN IP6 2001:db8::2\r\n" in bytes(sdp)


def test_line_feeds_alone_and_blank_ends_are_tolerated() -> None:
    assert Sdp.parse(PHONE.replace(b"\r\n", b"\n") + b"\n\n") == Sdp.parse(PHONE)


@pytest.mark.parametrize("origin", [b"o=- x y IN IP4 h", b"o=- 99999999999999999999999999999999999 -1 IN IP4 h"])
def test_session_ids_that_are_no_numbers_are_tolerated(origin: bytes) -> None:
    assert Sdp.parse(b"v=0\r\n" + origin + b"\r\ns=-\r\nt=0 0\r\n").session_id == 0


@pytest.mark.parametrize(
    "line",
    [
        b"a=rtpmap:x PCMU/8000",
        b"a=rtpmap:0",
        b"a=fmtp",
        b"a=ptime:abc",
        b"a=ptime:",
        b"a=rtcp:99999",
        b"a=rtpmap:300 X/8000",
        b"a=",
    ],
)
def test_an_attribute_that_cannot_be_read_counts_as_absent(line: bytes) -> None:
    head = b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    assert Sdp.parse(head + line + b"\r\n") == Sdp.parse(head)


def test_payload_types_that_cannot_be_are_dropped() -> None:
    sdp = Sdp.parse(b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nm=audio 4000 RTP/AVP 0 128 -1 x 0 97 \xd9\xa1\r\n")
    assert [(item.payload_type, item.name) for item in sdp.media[0].formats] == [(0, "PCMU"), (97, "")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"v=1\r\no=- 1 1 IN IP4 h\r\n",
        b"v=0\r\ns=-\r\n",
        b"v=0\r\no=- 1 1 IN IP4 h\r\ns=\0\r\n",
        b"v=0\r\no=- 1 1 IN IP4\r\n",
        b"v=0\r\no=- 1 1 IN IP4 h\r\nnonsense\r\n",
        b"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4\r\n",
        b"v=0\r\no=- 1 1 IN IP4 h\r\nc=ATM X y\r\n",
        b"v=0\r\no=- 1 1 IN IP4 h\r\nm=audio\r\n",
        b"v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 70000 RTP/AVP 0\r\n",
        b"v=0\r\no=- 1 1 IN IP4 h\r\nm=audio port RTP/AVP 0\r\n",
        b"v=0\r\no=- 1 1 IN IP4 h\r\n" + b"a=x\r\n" * 1000,
        b"v=0\r\no=- 1 1 IN IP4 h\r\n" + b"m=audio 1 RTP/AVP 0\r\n" * 33,
    ],
)
def test_what_is_no_description_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        Sdp.parse(data)


@pytest.mark.parametrize(
    "sdp",
    [
        Sdp(session_id=1, version=1, origin_address="h\r\na=x"),
        Sdp(session_id=1, version=1, origin_address="h", name="a\nb"),
        Sdp(session_id=1, version=1, origin_address="h", direction="both"),
        Sdp(session_id=1, version=1, origin_address="h", media=(Media(kind="audio", port=1),)),
        Sdp(session_id=1, version=1, origin_address="h", media=(Media(kind="audio", port=65536, words=("0",)),)),
        Sdp(session_id=1, version=1, origin_address="h", media=(Media(kind="audio", port=1, words=("0 1",)),)),
    ],
)
def test_the_writer_writes_nothing_that_the_rfc_forbids(sdp: Sdp) -> None:
    with pytest.raises(LocalProtocolError):
        bytes(sdp)
