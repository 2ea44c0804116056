"""Messages written by hand for tests of the SIP machine."""

from __future__ import annotations

from collections.abc import Sequence

from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Response, parse
from offhook.sip.testing import Wire

PEER = Flow(Transport.UDP, "192.0.2.1", 5060)


def request(
    method: str = "INVITE",
    *,
    branch: str = "1",
    headers: Sequence[str] = (),
    cseq: int = 1,
    call_id: str = "c1",
    to: str = "<sip:b@192.0.2.2>",
    uri: str = "sip:b@192.0.2.2",
    via: str = "192.0.2.1",
    body: str = "",
    without: Sequence[str] = (),
    tag: str = "ft",
) -> bytes:
    lines = {
        "Via": f"SIP/2.0/UDP {via};branch=z9hG4bK{branch};rport",
        "Max-Forwards": "70",
        "From": f"<sip:a@192.0.2.1>;tag={tag}",
        "To": to,
        "Call-ID": call_id,
        "CSeq": f"{cseq} {method}",
        "Contact": "<sip:a@192.0.2.1>",
    }
    named = [f"{name}: {value}" for name, value in lines.items() if name not in without]
    head = [f"{method} {uri} SIP/2.0", *named, *headers, f"Content-Length: {len(body)}"]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


class Line:
    """The right side of a wire and a peer that is played by hand."""

    def __init__(self, wire: Wire | None = None) -> None:
        self.wire = wire or Wire()
        self.side = self.wire.right
        self.sent: list[bytes] = []
        self.wire.fate = lambda data: self.sent.append(data) or []  # type: ignore[func-returns-value]

    @property
    def endpoint(self):  # type: ignore[no-untyped-def]
        return self.side.endpoint

    def says(self, data: bytes, source: Flow = PEER) -> None:
        self.wire.inject(self.side, data, source)

    def hears(self) -> list[str]:
        """What was sent since the last time, in short."""
        self.wire.settle()
        said, self.wire.transcript[:] = [line[2:] for line in self.wire.transcript], []
        return said

    def last(self) -> Response:
        message = parse(self.sent[-1])
        assert isinstance(message, Response)
        return message
