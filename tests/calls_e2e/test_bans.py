"""Somebody guesses passwords of a running server."""

from __future__ import annotations

import socket

from offhook.sip.digest import Challenge, respond
from offhook.sip.message import Response, parse
from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.server import Server

DOMAIN = "pbx.example"


class Guesser:
    """Registers as anybody, with any password, from an address of its own."""

    def __init__(self, server: str, address: str) -> None:
        host, _, port = server.rpartition(":")
        self._server = (host, int(port))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._cseq = 0

    def __enter__(self) -> Guesser:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def registers(self, user: str, password: str) -> int | None:
        """The last status; None when nobody answers."""
        challenge = self._ask(user, "")
        if challenge is None:
            return None
        given = respond(
            Challenge.parse(challenge.lines("www-authenticate")[0]),
            method="REGISTER",
            uri=f"sip:{DOMAIN}",
            username=user,
            password=password,
            cnonce="c",
        )
        answer = self._ask(user, f"Authorization: {given}\r\n")
        return None if answer is None else answer.status

    def _ask(self, user: str, line: str) -> Response | None:
        self._cseq += 1
        host, port = self._socket.getsockname()
        self._socket.sendto(
            (
                f"REGISTER sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{self._cseq};rport\r\n"
                f"From: <sip:{user}@{DOMAIN}>;tag=1\r\nTo: <sip:{user}@{DOMAIN}>\r\nCall-ID: guesser-{port}\r\n"
                f"CSeq: {self._cseq} REGISTER\r\nContact: <sip:{user}@{host}:{port}>\r\n{line}Content-Length: 0\r\n\r\n"
            ).encode(),
            self._server,
        )
        self._socket.settimeout(3)
        try:
            answer = parse(self._socket.recv(65_535))
        except TimeoutError:
            return None
        assert isinstance(answer, Response)
        return answer


def test_who_guesses_is_banned_and_nobody_else(tmp_path):
    limits = {"sip_bans_failures_of_user": "2", "sip_bans_failures_of_source": "4"}
    with Server(tmp_path / "server", sip_trust="127.0.0.200/32", sip_domain=DOMAIN, **limits) as server:
        server.add_client("ann", "long-secret-1")
        with Guesser(server.sip(), "127.0.0.66") as guesser, Guesser(server.sip(), "127.0.0.200") as trusted:
            assert [guesser.registers("ann", "guess") for _ in range(2)] == [403, 403]
            assert guesser.registers("ann", "long-secret-1") == 403, "for this user it is too late"
            assert [guesser.registers(name, "guess") for name in ("bob", "joe")] == [403, 403]
            assert guesser.registers("ann", "long-secret-1") is None, "nobody listens any more"
            assert [trusted.registers("ann", "guess") for _ in range(5)] == [403] * 5
            (ban,) = server.request("Bans.json")["bans"]
            assert (ban["source"], ban["times"]) == ("127.0.0.66", 1)
            assert "source_banned" in server.log()
            with Baresip(tmp_path / "ann", login="ann", server=server.sip(), password="long-secret-1") as ann:
                ann.registered()
            server.request("Bans.json?Source=127.0.0.66", method="DELETE")
            assert guesser.registers("ann", "long-secret-1") == 200
