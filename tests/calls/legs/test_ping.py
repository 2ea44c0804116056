from __future__ import annotations

import asyncio

from offhook.calls.legs.ping import Pinging
from offhook.calls.trunks.probing import Pong
from offhook.sip.errors import NotLocated
from offhook.sip.events import PingAnswered, RequestHandle
from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request, Response, parse
from tests.support.virtual_loop import run, settle

QUESTION = parse(
    b"OPTIONS sip:gw SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:gw>\r\n"
    b"Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def answer(code: int, *headers: tuple[str, str]) -> Response:
    assert isinstance(QUESTION, Request)
    return QUESTION.response(code, headers=headers)


class SignallingTwin:
    """Numbers what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def locate(self, target: str) -> tuple[Flow, ...]:
        if target == "sips:gw":
            raise NotLocated("no transport leads there")
        if target == "sip:slow":
            await asyncio.sleep(60.0)
        return (Flow(Transport.UDP, target, 5060),)

    def ping(self, target: str, destinations: tuple[Flow, ...]) -> RequestHandle:
        assert destinations == (Flow(Transport.UDP, target, 5060),)
        self.asked.append(target)
        return RequestHandle(len(self.asked))


def test_each_question_gets_its_own_answer() -> None:
    async def main() -> None:
        pinging = Pinging(SignallingTwin())  # type: ignore[arg-type]
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(pinging.ping(f"sip:{name}", 4.0)) for name in "abc"]
            await settle()
            busy = answer(503, ("Retry-After", "9"))
            pinging.hear(PingAnswered(handle=RequestHandle(2), code=503, response=busy))
            pinging.hear(PingAnswered(handle=RequestHandle(1), code=200, response=answer(200)))
            pinging.hear(PingAnswered(handle=RequestHandle(3), code=None))
            pinging.hear(PingAnswered(handle=RequestHandle(1), code=200, response=answer(200)))
        assert [task.result() for task in asked] == [
            Pong(code=200),
            Pong(code=503, retry_after=9),
            Pong(code=None, reason="it cannot be reached"),
        ]
        assert len(pinging) == 0

    run(main())


def test_nobody_waits_longer_than_he_wants_to() -> None:
    async def main() -> None:
        pinging = Pinging(SignallingTwin())  # type: ignore[arg-type]
        pong = await pinging.ping("sip:a", 4.0)
        assert pong == Pong(code=None, reason="it did not answer OPTIONS within 4 s")
        assert asyncio.get_running_loop().time() == 1004.0
        pinging.hear(PingAnswered(handle=RequestHandle(1), code=200, response=answer(200)))
        assert (await pinging.ping("sips:gw", 4.0)).reason == "no transport leads there"
        assert (await pinging.ping("sip:slow", 4.0)).reason == "its name was not resolved within 4 s"
        assert len(pinging) == 0

    run(main())
