"""Messages for tests of captures: a call that comes in, is challenged, and rings somebody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from offhook.sip.capture.ladder import CallLadder, Captured, shown
from offhook.sip.flow import Flow, HostPort, Transport

BEGAN = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)
US = HostPort("192.0.2.1", 5060)
CALLER = Flow(Transport.UDP, "198.51.100.7", 5062)
CALLEE = Flow(Transport.TCP, "203.0.113.9", 5060)


def request(method: str, call_id: str = "one@x", body: str = "", **headers: str) -> bytes:
    lines = [f"{method} sip:1000@192.0.2.1 SIP/2.0", "Via: SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bK1"]
    lines += ["From: <sip:a@x>;tag=1", "To: <sip:1000@192.0.2.1>", f"Call-ID: {call_id}", f"CSeq: 1 {method}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()


def response(status: str, method: str = "INVITE", call_id: str = "one@x", body: str = "") -> bytes:
    return b"SIP/2.0 " + status.encode() + b"\r\n" + request(method, call_id, body).partition(b"\r\n")[2]


SDP = "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


def captured(milliseconds: int, data: bytes, *, sent: bool, peer: Flow = CALLER, leg: str = "CA1") -> Captured:
    at = BEGAN + timedelta(milliseconds=milliseconds)
    return shown((0.0, sent, peer, data, len(data)), leg=leg, at=at, local=US)


def two_legs() -> CallLadder:
    """The caller is challenged; his second INVITE rings the callee, who is busy."""
    return CallLadder(
        messages=(
            captured(0, request("INVITE", body=SDP), sent=False),
            captured(1, response("401 Unauthorized"), sent=True),
            captured(500, request("INVITE", body=SDP), sent=False),
            captured(502, response("100 Trying"), sent=True),
            captured(520, request("INVITE", "two", SDP), sent=True, peer=CALLEE, leg="CA2"),
            captured(560, response("486 Busy Here", call_id="two"), sent=False, peer=CALLEE, leg="CA2"),
            captured(565, response("486 Busy Here"), sent=True),
        )
    )
