from __future__ import annotations

import asyncio
from collections.abc import Sequence

from offhook.calls.legs.keepalive import KeepAlive
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import PingAnswered, RequestHandle
from offhook.sip.flow import Flow
from offhook.sip.registrar import Registrar
from offhook.sip.rounds import Rounds
from tests.sip.test_rounds import registered
from tests.support.virtual_loop import run


class Pings:
    """The part of signalling that asks; ``answers`` says what becomes of a question, at once or later."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Sequence[Flow], Sequence[str]]] = []
        self.keepalive: KeepAlive
        self.code: int | None = 404
        self.fails_at_once = False
        self.raises = False

    def ping(self, target: str, destinations: Sequence[Flow] = (), path: Sequence[str] = ()) -> RequestHandle:
        if self.raises:
            raise LocalProtocolError("no transport leads there")
        self.sent.append((target, destinations, path))
        handle = RequestHandle(len(self.sent))
        answer = PingAnswered(handle=handle, code=self.code)
        if self.fails_at_once:
            self.keepalive.hear(answer)
        else:
            asyncio.get_running_loop().call_later(0.5, self.keepalive.hear, answer)
        return handle


async def scene(pings: Pings, registrar: Registrar) -> asyncio.Task[None]:
    clock = asyncio.get_running_loop()
    pings.keepalive = KeepAlive(Rounds(registrar, interval=10.0, misses=2), pings, clock.time)  # type: ignore[arg-type]
    return asyncio.create_task(pings.keepalive.run())


def test_a_client_is_asked_on_the_way_that_it_registered_from_and_stays_while_it_answers() -> None:
    async def main() -> None:
        registrar, pings = Registrar(), Pings()
        binding = registered(registrar, "bob", now=asyncio.get_running_loop().time())
        running = await scene(pings, registrar)
        await asyncio.sleep(65)
        assert len(pings.sent) in (5, 6, 7)
        assert pings.sent[0] == (str(binding.target), (binding.flow,), binding.path)
        assert registrar.size == 1
        running.cancel()

    run(main())


def test_a_client_that_does_not_answer_or_cannot_be_asked_is_removed_in_the_end() -> None:
    async def main() -> None:
        for how in ("later", "at once", "not at all"):
            registrar, pings = Registrar(), Pings()
            pings.code = None
            pings.fails_at_once, pings.raises = how == "at once", how == "not at all"
            registered(registrar, "bob", now=asyncio.get_running_loop().time())
            running = await scene(pings, registrar)
            gone: list[str] = []
            pings.keepalive.on_gone = gone.append
            await asyncio.sleep(35)
            assert (registrar.size, len(gone)) == (0, 1), how
            assert len(pings.keepalive) == 0, how
            running.cancel()

    run(main())


def test_answers_to_the_questions_of_others_are_not_taken() -> None:
    async def main() -> None:
        pings = Pings()
        running = await scene(pings, Registrar())
        pings.keepalive.hear(PingAnswered(handle=RequestHandle(99), code=200))
        assert len(pings.keepalive) == 0
        running.cancel()

    run(main())
