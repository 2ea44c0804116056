"""Nobody who has not proved who he is reaches the gateway, whatever he sends. The ways are listed here, one by one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.calls_e2e.peers import wait_for
from tests.calls_e2e.server import Server

PREMIUM = "+88213001"


class Gateway:
    """A carrier that would pay for everything that it is sent."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.socket.setblocking(False)

    def got(self) -> list[str]:
        """First lines of what came, keep-alives of health checks aside."""
        lines = []
        while True:
            try:
                lines.append(self.socket.recv(65_535).split(b"\r\n", 1)[0].decode())
            except BlockingIOError:
                return [line for line in lines if not line.startswith("OPTIONS")]


class Intruder:
    """Sends requests by hand and reads what comes back."""

    def __init__(self, server: str) -> None:
        host, _, port = server.rpartition(":")
        self._server = (host, int(port))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.77", 0))
        self._socket.settimeout(5)
        self._count = 0

    def close(self) -> None:
        self._socket.close()

    def tries(
        self, method: str, target: str, *, from_: str, headers: tuple[str, ...] = (), via: str = "", body: str = ""
    ) -> int:
        """The final status; the server answers everything that can be read."""
        self._count += 1
        host, port = self._socket.getsockname()
        call_id = f"intruder-{self._count}-{port}"
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {via or f'{host}:{port}'};branch=z9hG4bK{call_id};rport",
            f"From: <{from_}>;tag={self._count}",
            f"To: <{target}>",
            f"Call-ID: {call_id}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{host}:{port}>",
            "Max-Forwards: 70",
            *headers,
            f"Content-Length: {len(body)}",
        ]
        self._socket.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), self._server)
        while True:
            response = self._socket.recv(65_535).decode()
            if f"Call-ID: {call_id}" in response and not response.startswith("SIP/2.0 1"):
                to = next(line for line in response.split("\r\n") if line.startswith("To:"))
                if method == "INVITE":
                    ack = ["ACK " + lines[0].partition(" ")[2], *lines[1:3], to, lines[4], "CSeq: 1 ACK", "\r\n"]
                    self._socket.sendto("\r\n".join(ack).encode(), self._server)
                return int(response.split(" ", 2)[1])


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    carrier = Gateway()
    yield carrier
    carrier.socket.close()


def test_no_way_leads_a_stranger_to_the_gateway(tmp_path, gateway):
    carrier = f"127.0.0.1:{gateway.port}"
    settings = {"sip_trust": "127.0.0.1/32", "sip_domain": "pbx.example", "calls_region": "US"}
    with (
        Server(tmp_path / "server", sip_gateway_uri=f"sip:{carrier}", **settings) as server,
        closing(Intruder(server.sip())) as stranger,
    ):
        server.add_client("bob", "long-secret-1")
        server.add_number("1000", "http://127.0.0.1:9/", VoiceMethod="GET")
        here, outside = server.sip(), "sip:someone@attacker.example"
        numbers = [PREMIUM, "0011" + PREMIUM[1:], "9" + PREMIUM, "+1-876-555-0123", "00441234567890"]
        targets = [
            *(f"sip:{number}@{here}" for number in numbers),
            f"sip:{PREMIUM};phone-context=example.com@{here}",
            f"sip:{PREMIUM}@{here};user=phone",
            f"tel:{PREMIUM}",
            f"tel:{PREMIUM[1:]};phone-context=+",
            f"sip:{PREMIUM}@{carrier}",
            f"sip:{PREMIUM}@{carrier};transport=udp",
            f"sip:{PREMIUM}@pbx.example",
            f"sip:{carrier}",
            f"sip:bob%40{carrier}@{here}",
            f"sip:sip:{PREMIUM}@{here}",
            f"sip:client:{PREMIUM}@{here}",
        ]
        identities = [
            outside,
            f"sip:bob@{here}",
            "sip:bob@pbx.example",
            "sip:nobody@pbx.example",
            "sip:client:bob@attacker.example",
            f"sip:gateway@{carrier}",
            f"sip:1000@{here}",
        ]
        claims = [
            (f"Route: <sip:{carrier};lr>",),
            (f"Route: <sip:{here};lr>, <sip:{carrier};lr>",),
            ("P-Asserted-Identity: <sip:bob@pbx.example>", "Privacy: id"),
            ("Remote-Party-ID: <sip:bob@pbx.example>;party=calling;screen=yes",),
            ("Diversion: <sip:bob@pbx.example>;reason=unconditional",),
            ("History-Info: <sip:bob@pbx.example>;index=1",),
            ("Referred-By: <sip:bob@pbx.example>",),
            ("Replaces: unknown;to-tag=1;from-tag=2",),
            ('Proxy-Authorization: Digest username="bob", realm="pbx.example", nonce="0", uri="x", response="0"',),
            (f"X-RestComm-AccountSid: {server.ready['account_sid']}",),
            (f"Alert-Info: <tel:{PREMIUM}>", f"Call-Info: <tel:{PREMIUM}>"),
        ]
        answers = [stranger.tries("INVITE", target, from_=outside) for target in targets]
        answers += [stranger.tries("INVITE", targets[0], from_=identity) for identity in identities]
        answers += [stranger.tries("INVITE", targets[0], from_=outside, headers=headers) for headers in claims]
        answers += [stranger.tries("INVITE", targets[0], from_=outside, via=f"{carrier};received=127.0.0.1")]
        for method in ("REFER", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "UPDATE", "INFO", "PRACK", "REGISTER"):
            for identity in identities[:3]:
                refer_to = (f"Refer-To: <tel:{PREMIUM}>", "Event: refer", "Expires: 60")
                answers.append(stranger.tries(method, targets[0], from_=identity, headers=refer_to))
        contact = (f"Contact: <sip:{PREMIUM}@{carrier}>",)
        answers.append(stranger.tries("REGISTER", "sip:pbx.example", from_="sip:bob@pbx.example", headers=contact))
        assert min(answers) >= 400, answers
        assert gateway.got() == []
        assert server.calls() == []

        call = server.request("Calls.json", To=PREMIUM, From="+14155550100", Twiml="<Response/>")
        wait_for(lambda: any(PREMIUM in line for line in gateway.got()), "a call of the account's owner at the gateway")
        server.request(f"Calls/{call['sid']}.json", Status="completed")
