"""Whole messages and values that mutation starts from."""

from __future__ import annotations

from offhook.sip.errors import RemoteProtocolError

MESSAGE = (
    b"INVITE sip:a%41:p@[::1]:5060;lr?x=y SIP/2.0\r\nVia: SIP/2.0/UDP h:1;branch=z9hG4bK1;rport, SIP / 2.0/TCP b\r\n"
    b'f: "A \\" B" <sip:a@b;x>;tag=1\r\nTo:\r\n <sip:c@d>\r\nCall-ID: x@y\r\nCSeq: 1 INVITE\r\nm: <sip:e@f>;q=0.5, *\r\n'
    b'Route: <sip:r;lr>,<sip:s>\r\nMax-Forwards: 70\r\nExpires: 60\r\nReason: Q.850;cause=16;text="x"\r\n'
    b'Authorization: Digest username="a", realm="r", nonce="n", uri="sip:b", response="00", qop=auth, nc=00000001, cnonce="c"\r\n'
    b'X-A: 1\r\nContent-Type: multipart/mixed;boundary="b"\r\nContent-Length: 40\r\n\r\n'
    b"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--"
)
DESCRIPTION = (
    b"v=0\r\no=- 1 2 IN IP4 h\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=sendonly\r\nm=audio 5000 RTP/AVP 0 8 101\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp:5001 IN IP4 192.0.2.1\r\n"
    b"m=video 0 RTP/AVP 31\r\n"
)
TEXTS = (
    "sip:a%41;x:p@[::1]:5060;lr;t=u?x=y&z",
    '"A \\" B" <sip:a@b;x>;tag=1;q="x;y"',
    "SIP / 2.0 / UDP h:1;branch=z9hG4bK1;rport",
    "1 INVITE",
    'Q.850;cause=16;text="x, y"',
    'a/b;boundary="c"',
    'Digest realm="r", nonce="n", qop="auth,auth-int", stale=TRUE, algorithm=SHA-256',
    'Digest username="a", realm="r", nonce="n", uri="u", response="0", qop=auth, nc=00000001',
    'a, "b,\\"c" <d,e>;f="g", h',
    ';a=b;c="d;\\"e";f',
    "<sip:b@h;user=phone?Require=replaces&Replaces=c%40h%3Bto-tag%3D1%3Bfrom-tag%3D2>",
    "c@h;to-tag=1;from-tag=2;early-only",
    "c@h;local-tag=1;remote-tag=2",
    'refer;id=93809824;x="y"',
    "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20",
    "120 (busy);duration=60",
)
PLAYS = (
    bytes.fromhex("ff061a1a13ff5210ff3f3f13187a0b527a"),  # a caller over TCP whose connection breaks
    bytes.fromhex("49014e00005b0000ba00d5d5d5d5f5bc15105600bf"),  # Require with a NUL
    bytes.fromhex("28013830ffffff2401384a4a4affff00"),  # Via with a NUL
    bytes.fromhex("107a2cd5d5bc3f13187a107a13137a7a2c090000000000000000"),  # a NUL in a second Via
    bytes.fromhex("9dffc21a9dffc21affffff01000000000001000120"),
    # a connection that breaks after a challenge was answered
    bytes.fromhex(
        "030405060708090a0b0c0d0e0f101112c20000ff000102030405060708090a08090a0b0c0d0e0f101112c21a9dff000102030405060708090a0b0c0d0e0f101112139417197e15181a1b1c0b0c0d0e0f1011121394157e1718191a1b1c1d090a0b0c0d0e0f101112139405060708090a0b0c0d0e0f05060708090a0b0c0d0e0f101112c20000ff00010203040506070801000000000000c8090a08090a0b0c0d0e0f101112c21a9dff000102030405060708090a0b0c0d0e0f101112139417197e15181a1b1c0b0c0d0e0f1011121394157e1718191a1b1c1d090a0b0c0d0e0f101112139405060708090a0b0c0d0e0f101112c21a9dff000102030405060708090a08090a0b0c0d0e0f101112c21a9dff000109030405060708090a0b0c0d0e0f101112139417197e15181a1b1c0b0c0d0e0f1011121394157e1718191a1b1c1d090a0b0c0d0e0f1011121394157e1718193738393abf3b101112c21a9dff000102030405060708090a08090a0b0c0d0e0f101112c21a9dff000109030405060708090a0b0c0d0e0f101112139417197e15181a1b1c0b0c0d0e0f1011121394157e1718191a1b1c1d090a0b0c0d0e0f1011121394157e1718193738393abf3b157e1718193738393abf3b"
    ),
    bytes(range(256)),
    bytes(range(255, -1, -1)) * 2,
)
"""Beginnings of plays, some of which found something once."""


def touch(message: object) -> None:
    """Ask a message for everything that it has; only the package's errors may come."""
    names = [
        "via", "vias", "from_", "to", "from_tag", "to_tag", "call_id", "cseq", "contacts", "contact", "routes", "record_routes",
        "reasons", "require", "supported", "content_type", "expires", "max_forwards", "sdp", "target",
    ]  # fmt: skip
    for name in names:
        try:
            str(getattr(message, name, None))
        except RemoteProtocolError:
            continue
