"""The server's end of the pipe, against small real processes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from offhook.speech import process as module
from offhook.speech.process import EngineProcess
from offhook.speech.synthesizer import Speech, SpeechFailed, Utterance
from tests.speech.engine_scripts import command


def with_engine(
    use: Callable[[EngineProcess], Awaitable[None]],
    engine: EngineProcess,
    loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            running = group.create_task(engine.run())
            await use(engine)
            running.cancel()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scenario())


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> EngineProcess:
    monkeypatch.setattr(module, "RESTART_PAUSE", 0.01)
    return EngineProcess("echo", timeout=0.6, command=command())


def test_words_come_back_as_pcm(engine: EngineProcess) -> None:
    async def use(engine: EngineProcess) -> None:
        assert await engine.say(Utterance(text="hello")) == Speech(pcm="hello".encode("utf-16-le"), rate=8000)

    with_engine(use, engine)


def test_a_cancelled_utterance_leaves_the_pipe_in_step(engine: EngineProcess) -> None:
    async def use(engine: EngineProcess) -> None:
        await engine.say(Utterance(text="warm"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await engine.say(Utterance(text="first"))
        assert (await engine.say(Utterance(text="second"))).pcm == "second".encode("utf-16-le")

    with_engine(use, engine)


def test_what_the_engine_refuses_is_said_and_the_next_one_works(engine: EngineProcess) -> None:
    async def use(engine: EngineProcess) -> None:
        with pytest.raises(SpeechFailed, match="I will not say that"):
            await engine.say(Utterance(text="refuse"))
        assert (await engine.say(Utterance(text="ok"))).pcm

    with_engine(use, engine)


def test_an_engine_that_dies_is_started_again(engine: EngineProcess) -> None:
    async def use(engine: EngineProcess) -> None:
        with pytest.raises(SpeechFailed, match="went away"):
            await engine.say(Utterance(text="die"))
        assert (await engine.say(Utterance(text="alive"))).pcm == "alive".encode("utf-16-le")

    with_engine(use, engine)


def test_an_engine_that_hangs_is_given_up_and_started_again(engine: EngineProcess) -> None:
    async def use(engine: EngineProcess) -> None:
        await engine.say(Utterance(text="warm"))
        with pytest.raises(SpeechFailed, match=r"0\.6 s"):
            await engine.say(Utterance(text="hang"))
        assert (await engine.say(Utterance(text="alive"))).pcm

    with_engine(use, engine)


@pytest.mark.parametrize("words", ["babble", "forget", "drone"])
def test_an_engine_that_answers_nonsense_is_started_again(engine: EngineProcess, words: str) -> None:
    async def use(engine: EngineProcess) -> None:
        with pytest.raises(SpeechFailed, match="echo"):
            await engine.say(Utterance(text=words))
        assert (await engine.say(Utterance(text="alive"))).pcm

    with_engine(use, engine)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_an_engine_that_dies_while_nobody_asks_is_started_again(
    engine: EngineProcess, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def use(engine: EngineProcess) -> None:
        assert (await engine.say(Utterance(text="quit later"))).pcm == b"ok"
        await asyncio.sleep(0.2)
        with pytest.raises(SpeechFailed, match="went away"):
            await engine.say(Utterance(text="anybody there"))
        assert (await engine.say(Utterance(text="alive"))).pcm

    with_engine(use, engine, loop)


def test_an_engine_that_cannot_be_started_for_want_of_a_file_is_tried_again(
    engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, full = tempfile.TemporaryFile, [True]

    def temporary() -> object:
        if full.pop():
            raise OSError(28, "No space left on device")
        return opened()

    monkeypatch.setattr(module.tempfile, "TemporaryFile", temporary)
    full[:] = [False, True]

    async def use(engine: EngineProcess) -> None:
        await asyncio.sleep(0.05)
        assert (await engine.say(Utterance(text="alive"))).pcm

    with_engine(use, engine)


def test_a_program_that_is_not_there_is_named() -> None:
    async def use(engine: EngineProcess) -> None:
        with pytest.raises(SpeechFailed, match=r"ghost cannot be started.*no-such-program"):
            await engine.say(Utterance(text="x"))

    with_engine(use, EngineProcess("ghost", timeout=5, command=["/no-such-program"]))


def test_a_queue_that_is_full_refuses_at_once(engine: EngineProcess) -> None:
    async def scenario() -> None:
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(engine.say(Utterance(text="x"))) for _ in range(module.QUEUE_LENGTH)]
            await asyncio.sleep(0)
            with pytest.raises(SpeechFailed, match="cannot keep up"):
                await engine.say(Utterance(text="one too many"))
            for task in waiting:
                task.cancel()

    asyncio.run(scenario())
