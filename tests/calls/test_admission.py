from __future__ import annotations

import asyncio
from dataclasses import replace

from offhook.calls.admission import Admission, Failures
from offhook.calls.settings import CallSettings
from offhook.security.digest import ha1_of_every_algorithm
from offhook.sip.digest import Challenge, Challenger, respond
from offhook.sip.events import RegisterReceived, RequestHandle
from offhook.sip.flow import Flow, Transport
from offhook.sip.message import parse
from offhook.sip.registrar import Registrar
from offhook.sip.testing import counted_bits
from tests.calls.twins import DirectoryTwin
from tests.support.virtual_loop import run

SOURCE = Flow(Transport.UDP, "192.0.2.7", 40_000)


class Replies:
    """The part of signalling that admission uses."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.headers: dict[str, str] = {}
        self.challenges: list[str] = []

    def reply(self, handle: RequestHandle, code: int, reason: str = "", *, headers=(), body: bytes = b"") -> None:
        self.codes.append(code)
        self.headers = dict(headers)

    def challenge(self, handle: RequestHandle, challenges: list[str], *, proxy: bool = False) -> None:
        self.codes.append(407 if proxy else 401)
        self.challenges = challenges


class Desk:
    """A registrar with one client, and a phone that knows the password or guesses."""

    def __init__(self, **settings: float) -> None:
        self.now = 1_000.0
        self.directory = DirectoryTwin()
        self.directory.clients["bob"] = replace(
            self.directory.clients["bob"], ha1=ha1_of_every_algorithm("bob", "pbx.test", "right")
        )
        self.registrar = Registrar()
        self.replies = Replies()
        self.cseq = 0
        self.admission = Admission(
            settings=CallSettings(**settings),
            domain="pbx.test",
            directory=self.directory,
            registrar=self.registrar,
            challenger=Challenger(b"0123456789abcdef", random_bits=counted_bits(3)),
            now=lambda: self.now,
        )

    async def register(
        self, login: str = "bob", authorization: str = "", expires: int = 300, source: Flow = SOURCE
    ) -> int:
        self.cseq += 1
        lines = [
            "REGISTER sip:pbx.test SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.7:40000;branch=z9hG4bKabc",
            f"From: <sip:{login}@pbx.test>;tag=1",
            f"To: <sip:{login}@pbx.test>",
            "Call-ID: one",
            f"CSeq: {self.cseq} REGISTER",
            f"Contact: <sip:{login}@10.0.0.9:5060>;expires={expires}",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        if authorization:
            lines.append(f"Authorization: {authorization}")
        request = parse(("\r\n".join(lines) + "\r\n\r\n").encode())
        event = RegisterReceived(handle=RequestHandle(self.cseq), request=request, source=source)
        await self.admission.register(event, self.replies)
        return self.replies.codes[-1]

    def credentials(self, password: str, login: str = "bob", which: int = 0) -> str:
        challenge = Challenge.parse(self.replies.challenges[which])
        return str(
            respond(challenge, method="REGISTER", uri="sip:pbx.test", username=login, password=password, cnonce="c")
        )


def test_a_client_registers_with_either_algorithm_and_unregisters() -> None:
    async def main() -> None:
        for which in (0, 1):
            desk = Desk()
            assert await desk.register() == 401
            assert await desk.register(authorization=desk.credentials("right", which=which)) == 200
            (binding,) = desk.registrar.lookup("bob@pbx.test", desk.now)
            assert (str(binding.target), binding.flow) == ("sip:bob@10.0.0.9:5060", SOURCE)
            assert "expires=300" in desk.replies.headers["Contact"]
            await desk.register()
            assert await desk.register(authorization=desk.credentials("right"), expires=0) == 200
            assert desk.registrar.size == 0

    run(main())


def test_wrong_passwords_and_unknown_names_look_the_same() -> None:
    async def main() -> None:
        for login in ("bob", "nobody"):
            desk = Desk()
            assert await desk.register(login) == 401
            assert Challenge.parse(desk.replies.challenges[0]).realm == "pbx.test"
            assert await desk.register(login, desk.credentials("wrong", login)) == 403
            assert desk.registrar.size == 0

    run(main())


def test_the_password_of_one_does_not_register_another() -> None:
    async def main() -> None:
        desk = Desk()
        desk.directory.clients["alice"] = replace(
            desk.directory.clients["alice"], ha1=ha1_of_every_algorithm("alice", "pbx.test", "hers")
        )
        await desk.register("bob")
        assert await desk.register("bob", desk.credentials("hers", "alice")) == 403

    run(main())


def test_an_old_nonce_is_answered_with_a_fresh_one() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.register()
        old = desk.credentials("right")
        desk.now += 3_600
        assert await desk.register(authorization=old) == 401
        assert Challenge.parse(desk.replies.challenges[0]).stale
        assert await desk.register(authorization=desk.credentials("right")) == 200

    run(main())


def test_who_guesses_too_often_is_not_checked_for_a_while() -> None:
    async def main() -> None:
        desk = Desk(max_failures_per_source=3)
        for _ in range(3):
            await desk.register()
            assert await desk.register(authorization=desk.credentials("wrong")) == 403
        await desk.register()
        assert await desk.register(authorization=desk.credentials("right")) == 403
        elsewhere = SOURCE._replace(host="192.0.2.8")
        assert await desk.register(authorization=desk.credentials("right"), source=elsewhere) == 200
        desk.now += 61
        await desk.register()
        assert await desk.register(authorization=desk.credentials("right")) == 200

    run(main())


def test_failures_are_bounded() -> None:
    failures = Failures(limit=1, window=10, max_sources=2)
    for host in ("a", "b", "c"):
        failures.note(host, 0)
    assert [failures.blocked(host, 1) for host in ("a", "b", "c")] == [False, True, True]


def test_an_inactive_client_a_brief_wish_and_a_slow_directory_are_refused() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.register()
        assert await desk.register(authorization=desk.credentials("right"), expires=5) == 423
        assert desk.replies.headers == {"Min-Expires": "60"}
        desk.directory.clients["bob"] = replace(desk.directory.clients["bob"], active=False)
        await desk.register()
        assert await desk.register(authorization=desk.credentials("right")) == 403
        desk.directory.delay = 100
        assert await desk.register() == 503
        await asyncio.sleep(0)

    run(main())
