"""What every media engine must do, as tests: subclass ``MediaConformance`` and say how a far end is reached.

Times are checked within ``tolerance``; sound is checked by the levels of its tones, since lines are not transparent.
"""

from __future__ import annotations

import asyncio
import math
import random
from abc import abstractmethod
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, Protocol, TypeVar

from offhook.media.commands import (
    AudioSource,
    Bridge,
    Cancel,
    CloseSession,
    Command,
    CommandId,
    Direction,
    Inject,
    InjectAudio,
    OpenSession,
    Pcm,
    Play,
    Record,
    SendDigits,
    SessionId,
    Silence,
    Tap,
    Tone,
    WavData,
    WavFile,
)
from offhook.media.engine import Engine
from offhook.media.events import Cancelled, Closed, Event, Failed, Finished, Recorded, RecordEnd
from offhook.media.operation import MediaClosed, MediaFailed, Operation
from offhook.media.session import MediaSession, Sessions
from offhook.media.wav import RATE, Wave, pcm_bytes, pcm_samples, read_wav, wav_bytes

PER_MS = RATE // 1000
CLEAR = -25.0
"""dBm0: a tone sent at -12 dBm0 that is heard above this has come through."""
GONE = -45.0
"""dBm0: what is left of a tone that has stopped."""


class FarEnd(Protocol):
    """The other side of one session."""

    async def connect(
        self, session: MediaSession, *, keys: bool = True, direction: Direction = Direction.SENDRECV
    ) -> None:
        """Open the session and let both know where the other is, with telephone-events if ``keys``."""
        ...

    async def say(self, sound: bytes) -> None:
        """Send 16-bit samples at 8 kHz as they would be spoken; returns when they have been."""
        ...

    async def press(self, keys: str, *, lossy: bool = False) -> None:
        """Send RFC 4733 events, 100 ms each; ``lossy`` loses the first packet and two of the three last ones."""
        ...

    def heard(self) -> array[int]:
        """Everything since it was connected, at 8 kHz, silence where nothing came."""
        ...

    @property
    def keys(self) -> str:
        """Keys that came as RFC 4733 events."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a test works with."""

    engine: Engine
    sessions: Sessions
    far_end: Callable[[], FarEnd]
    directory: Path

    async def line(self, *, keys: bool = True) -> tuple[MediaSession, FarEnd]:
        """A session that is connected to a far end."""
        session, far = self.sessions.create(), self.far_end()
        await far.connect(session, keys=keys)
        return session, far


SuiteT = TypeVar("SuiteT", bound="MediaConformance")
Scenario = Callable[Concatenate[SuiteT, Bench, ...], Awaitable[None]]


def scenario(body: Callable[[Any, Bench], Awaitable[None]]) -> Callable[[Any], None]:
    """Make a test method of a coroutine that needs a bench."""

    def test(self: MediaConformance) -> None:
        async def main(bench: Bench) -> None:
            async with asyncio.timeout(20):
                await body(self, bench)

        self.run(main)

    test.__name__ = body.__name__
    test.__doc__ = body.__doc__
    return test


def tone(hertz: float, milliseconds: int) -> bytes:
    """Samples of a sine at -12 dBm0."""
    peak = 32_767 * 10 ** (-15.14 / 20)
    step = math.tau * hertz / RATE
    return pcm_bytes(array("h", (round(peak * math.sin(step * index)) for index in range(milliseconds * PER_MS))))


def level(samples: Sequence[int], hertz: float) -> float:
    """dBm0 of one frequency over all of ``samples`` (Goertzel's algorithm)."""
    if not samples:
        return -99.0
    turn = 2 * math.cos(math.tau * hertz / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    power = max(0.0, last * last + before * before - turn * last * before)
    amplitude = 2 * math.sqrt(power) / len(samples)
    return 20 * math.log10(max(amplitude, 0.01) / 32_767) + 3.14


def presence(samples: Sequence[int], hertz: float) -> int:
    """For how many milliseconds a frequency is there, counted in frames of 20 ms."""
    frame = 20 * PER_MS
    starts = range(0, len(samples) - frame + 1, frame)
    return 20 * sum(level(samples[start : start + frame], hertz) > CLEAR for start in starts)


def wave(path: str | Path) -> Wave:
    """A recording."""
    return read_wav(Path(path).read_bytes())


class MediaConformance:
    """The suite. Every test ends with nothing left in the sessions."""

    tolerance = 60
    """Milliseconds by which an event may come late, or audio be shorter or longer."""

    @abstractmethod
    def run(self, main: Callable[[Bench], Awaitable[None]]) -> None:
        """Run ``main`` with a fresh bench on a loop; afterwards close all sessions and check that none is left."""

    def near(self, value: float, wanted: float, slack: float | None = None) -> bool:
        return abs(value - wanted) <= (self.tolerance if slack is None else slack)

    # playing

    @scenario
    async def test_a_prompt_lasts_as_long_as_its_audio(self, bench: Bench) -> None:
        session, far = await bench.line()
        loop = asyncio.get_running_loop()
        began = loop.time()
        played = await session.play(WavData(data=wav_bytes(pcm_samples(tone(600, 300)))))
        assert self.near(played.duration, 300, 20)
        assert self.near(1000 * (loop.time() - began), 300)
        assert played.stopped_by is None
        await asyncio.sleep(0.1)
        assert self.near(presence(far.heard(), 600), 300)

    @scenario
    async def test_files_samples_and_tones_follow_each_other_without_a_gap(self, bench: Bench) -> None:
        session, far = await bench.line()
        path = bench.directory / "prompt.wav"
        path.write_bytes(wav_bytes(pcm_samples(tone(500, 200))))
        played = await session.play(
            WavFile(path=str(path)),
            Pcm(data=tone(900, 200)),
            Tone(frequencies=(1300.0,), on=200),
            Silence(duration=100),
        )
        await asyncio.sleep(0.1)
        heard = far.heard()
        assert self.near(played.duration, 700, 20)
        assert [self.near(presence(heard, hertz), 200) for hertz in (500, 900, 1300)] == [True, True, True]
        sounding = [abs(sample) > 300 for sample in heard]
        first, last = sounding.index(True), len(sounding) - sounding[::-1].index(True)
        assert self.near((last - first) / PER_MS, 600)

    @scenario
    async def test_other_rates_and_codes_are_understood(self, bench: Bench) -> None:
        session, far = await bench.line()
        wide = Pcm(
            data=pcm_bytes(array("h", (round(6000 * math.sin(math.tau * 700 * n / 16_000)) for n in range(3200)))),
            rate=16_000,
        )
        ulaw = _g711_wav(7, [0x80, 0x80, 0x80, 0x80, 0x00, 0x00, 0x00, 0x00] * 200)
        played = await session.play(wide, WavData(data=ulaw))
        await asyncio.sleep(0.1)
        assert self.near(played.duration, 400, 20)
        assert self.near(presence(far.heard(), 700), 200)
        assert self.near(presence(far.heard(), 1000), 200)

    @scenario
    async def test_a_prompt_is_repeated_as_often_as_asked(self, bench: Bench) -> None:
        session, far = await bench.line()
        played = await session.play(Tone(frequencies=(600.0,), on=80, off=80), loop=3)
        await asyncio.sleep(0.1)
        assert self.near(played.duration, 480, 20)
        assert self.near(presence(far.heard(), 600), 240)

    @scenario
    async def test_a_prompt_of_nothing_ends_at_once(self, bench: Bench) -> None:
        session, _ = await bench.line()
        assert (await session.play(Silence(duration=0))).duration == 0
        assert (await session.play(Silence(duration=0), loop=0)).duration == 0

    @scenario
    async def test_a_tone_without_end_goes_on_until_stopped(self, bench: Bench) -> None:
        session, far = await bench.line()
        ringing = session.start_play(Tone(frequencies=(440.0,), on=100, off=100, repeat=0))
        await asyncio.sleep(0.5)
        assert not ringing.ended
        played = await ringing.stop()
        assert ringing.interrupted
        assert self.near(played.duration, 500)
        await asyncio.sleep(0.1)
        before = presence(far.heard(), 440)
        await asyncio.sleep(0.3)
        assert presence(far.heard(), 440) == before

    @scenario
    async def test_a_key_stops_the_prompt_and_is_reported(self, bench: Bench) -> None:
        session, far = await bench.line()
        pressed: list[str] = []
        session.on_digit = pressed.append
        playing = session.start_play(Tone(frequencies=(600.0,), on=5000), stop_on="5#")
        await asyncio.sleep(0.1)
        await far.press("1")
        assert not playing.ended
        await far.press("5")
        played = await playing.result()
        assert played.stopped_by == "5"
        assert played.duration < 1000
        assert not playing.interrupted
        assert pressed == ["1", "5"]

    @scenario
    async def test_cancelling_the_task_stops_the_prompt_at_once(self, bench: Bench) -> None:
        session, far = await bench.line()
        try:
            async with asyncio.timeout(0.2):
                await session.play(Tone(frequencies=(600.0,), on=5000))
            raise AssertionError("it played five seconds in 200 ms")
        except TimeoutError:
            pass
        await asyncio.sleep(0.1)
        assert self.near(presence(far.heard(), 600), 200)

    @scenario
    async def test_a_second_prompt_waits_for_the_first(self, bench: Bench) -> None:
        session, far = await bench.line()
        first = session.start_play(Tone(frequencies=(500.0,), on=200))
        second = session.start_play(Tone(frequencies=(900.0,), on=200))
        third = session.start_play(Tone(frequencies=(1300.0,), on=200))
        skipped = await second.stop()
        assert skipped.duration == 0
        await first.result()
        assert not third.ended
        assert self.near((await third.result()).duration, 200, 20)
        await asyncio.sleep(0.1)
        heard = far.heard()
        assert presence(heard, 900) == 0
        assert self.near(presence(heard, 500), 200)
        assert self.near(presence(heard, 1300), 200)

    @scenario
    async def test_what_cannot_be_played_fails_with_a_reason(self, bench: Bench) -> None:
        session, _ = await bench.line()
        (bench.directory / "text.wav").write_text("this is no audio")
        for source in (
            WavFile(path=str(bench.directory / "missing.wav")),
            WavFile(path=str(bench.directory / "text.wav")),
            WavData(data=b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00"),
        ):
            assert await _failure(session.play(source))
        assert (await session.play(Tone(frequencies=(600.0,), on=20))).duration == 20

    @scenario
    async def test_nothing_is_sent_where_the_far_end_does_not_listen(self, bench: Bench) -> None:
        session, far = bench.sessions.create(), bench.far_end()
        await far.connect(session, direction=Direction.RECVONLY)
        played = await session.play(Tone(frequencies=(600.0,), on=200))
        assert self.near(played.duration, 200, 20)
        await asyncio.sleep(0.1)
        assert presence(far.heard(), 600) == 0

    # recording

    @scenario
    async def test_a_recording_holds_what_was_heard_and_is_never_too_long(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"), max_length=400)
        await far.say(tone(600, 600))
        recorded = await recording.result()
        heard = wave(recorded.path)
        assert recorded.end is RecordEnd.MAX_LENGTH
        assert recorded.duration == heard.duration
        assert self.near(heard.duration, 400, 20)
        assert heard.duration <= 400
        assert (heard.rate, heard.channels) == (8000, 1)
        assert self.near(presence(heard.samples, 600), 400, 120)

    @scenario
    async def test_silence_ends_a_recording(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"), silence=300)
        await far.say(tone(600, 500))
        assert not recording.ended
        recorded = await recording.result()
        assert recorded.end is RecordEnd.SILENCE
        assert self.near(recorded.duration, 800, 2 * self.tolerance)

    @scenario
    async def test_silence_ends_a_recording_of_a_caller_who_never_speaks(self, bench: Bench) -> None:
        session, _ = await bench.line()
        recorded = await session.record(str(bench.directory / "a.wav"), silence=200)
        assert recorded.end is RecordEnd.SILENCE
        assert self.near(recorded.duration, 200)

    @scenario
    async def test_a_finish_key_ends_a_recording_and_others_do_not(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"), finish_on="#*")
        await far.say(tone(600, 300))
        await far.press("1")
        assert not recording.ended
        await far.press("#")
        recorded = await recording.result()
        assert (recorded.end, recorded.key) == (RecordEnd.KEY, "#")
        assert recorded.duration == wave(recorded.path).duration
        assert self.near(recorded.duration, 450, 150)

    @scenario
    async def test_a_cancelled_recording_keeps_what_it_has(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"))

        async def verb() -> Recorded:
            return await recording.result()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(verb())
            await far.say(tone(600, 300))
            task.cancel()
        recorded = await recording.result()
        assert recorded.end is RecordEnd.CANCELLED
        assert recorded.duration == wave(recorded.path).duration
        assert self.near(recorded.duration, 300)

    @scenario
    async def test_a_recording_survives_the_close_of_its_session(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"))
        await far.say(tone(600, 300))
        await session.close()
        recorded = await recording.result()
        assert recorded.end is RecordEnd.CANCELLED
        assert self.near(wave(recorded.path).duration, 300)
        assert presence(wave(recorded.path).samples, 600) >= 150

    @scenario
    async def test_a_recording_is_readable_while_it_is_made(self, bench: Bench) -> None:
        session, far = await bench.line()
        path = bench.directory / "a.wav"
        recording = session.start_record(str(path))
        await far.say(tone(600, 1400))
        assert 300 <= wave(path).duration <= 1400 + self.tolerance
        assert presence(wave(path).samples, 600) >= 200
        await recording.stop()

    @scenario
    async def test_a_beep_comes_before_the_recording(self, bench: Bench) -> None:
        session, far = await bench.line()
        recorded = await session.record(str(bench.directory / "a.wav"), beep=True, max_length=200)
        heard = far.heard()
        assert max(map(abs, heard), default=0) > 1000
        assert self.near(recorded.duration, 200, 20)
        assert max(map(abs, wave(recorded.path).samples), default=0) < 500

    @scenario
    async def test_silence_at_both_ends_is_trimmed_when_asked(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"), trim=True)
        await asyncio.sleep(0.2)
        await far.say(tone(600, 300))
        await asyncio.sleep(0.3)
        recorded = await recording.stop()
        assert recorded.duration == wave(recorded.path).duration
        assert self.near(recorded.duration, 300, 2 * self.tolerance)

    @scenario
    async def test_a_recording_of_nothing_but_silence_is_empty_when_trimmed(self, bench: Bench) -> None:
        session, _ = await bench.line()
        recorded = await session.record(str(bench.directory / "a.wav"), trim=True, max_length=200)
        assert recorded.duration == 0
        assert wave(recorded.path).duration == 0

    @scenario
    async def test_a_recording_that_cannot_be_written_fails(self, bench: Bench) -> None:
        session, _ = await bench.line()
        assert await _failure(session.record(str(bench.directory / "no" / "such" / "folder.wav")))

    # bridges

    @scenario
    async def test_bridged_ends_hear_each_other_until_it_is_stopped(self, bench: Bench) -> None:
        (a, ann), (b, bob) = await bench.line(), await bench.line()
        bridge = a.start_bridge(b)
        await asyncio.gather(ann.say(tone(600, 400)), bob.say(tone(900, 400)))
        await asyncio.sleep(0.15)
        assert await bridge.stop() is None
        assert self.near(presence(bob.heard(), 600), 400, 2 * self.tolerance)
        assert self.near(presence(ann.heard(), 900), 400, 2 * self.tolerance)
        assert presence(ann.heard(), 600) == presence(bob.heard(), 900) == 0
        await ann.say(tone(1300, 200))
        assert presence(bob.heard(), 1300) == 0

    @scenario
    async def test_a_bridge_ends_when_one_of_them_closes(self, bench: Bench) -> None:
        (a, _), (b, _) = await bench.line(), await bench.line()
        bridge = a.start_bridge(b)
        await asyncio.sleep(0.05)
        await b.close()
        assert await bridge.result() is None
        assert bridge.interrupted

    @scenario
    async def test_a_bridge_records_both_in_stereo(self, bench: Bench) -> None:
        (a, ann), (b, bob) = await bench.line(), await bench.line()
        bridge = a.start_bridge(b, str(bench.directory / "both.wav"))
        await asyncio.gather(ann.say(tone(600, 400)), bob.say(tone(900, 400)))
        recorded = await bridge.stop()
        assert recorded is not None
        both = wave(recorded.path)
        assert both.channels == 2
        assert self.near(recorded.duration, both.duration, 1)
        assert self.near(recorded.duration, 400)
        assert presence(both.channel(0), 600) >= 200
        assert presence(both.channel(1), 900) >= 200
        assert presence(both.channel(0), 900) == presence(both.channel(1), 600) == 0

    @scenario
    async def test_a_session_bridged_with_itself_echoes(self, bench: Bench) -> None:
        session, far = await bench.line()
        echo = session.start_bridge(session)
        await far.say(tone(600, 400))
        await asyncio.sleep(0.15)
        await echo.stop()
        assert self.near(presence(far.heard(), 600), 400, 2 * self.tolerance)

    @scenario
    async def test_a_prompt_covers_the_bridge_for_one_end_only(self, bench: Bench) -> None:
        (a, ann), (b, bob) = await bench.line(), await bench.line()
        bridge = a.start_bridge(b)
        await asyncio.gather(
            bob.say(tone(900, 300)), ann.say(tone(600, 300)), a.play(Tone(frequencies=(1500.0,), on=300))
        )
        await asyncio.sleep(0.1)
        await bridge.stop()
        assert self.near(presence(ann.heard(), 1500), 300)
        assert presence(ann.heard(), 900) <= 2 * self.tolerance
        assert self.near(presence(bob.heard(), 600), 300, 2 * self.tolerance)
        assert presence(bob.heard(), 1500) == 0

    @scenario
    async def test_keys_cross_a_bridge_and_are_reported(self, bench: Bench) -> None:
        (a, ann), (b, bob) = await bench.line(), await bench.line()
        pressed: list[str] = []
        a.on_digit = pressed.append
        bridge = a.start_bridge(b)
        await ann.press("42")
        await asyncio.sleep(0.15)
        await bridge.stop()
        assert bob.keys == "42"
        assert pressed == ["4", "2"]

    # keys

    @scenario
    async def test_each_key_is_reported_once(self, bench: Bench) -> None:
        session, far = await bench.line()
        pressed: list[str] = []
        session.on_digit = pressed.append
        await far.press("11*#A0")
        await asyncio.sleep(0.1)
        assert "".join(pressed) == "11*#A0"

    @scenario
    async def test_each_key_is_reported_once_on_a_line_that_loses_packets(self, bench: Bench) -> None:
        session, far = await bench.line()
        pressed: list[str] = []
        session.on_digit = pressed.append
        await far.press("1122", lossy=True)
        await asyncio.sleep(0.1)
        assert "".join(pressed) == "1122"

    @scenario
    async def test_keys_are_sent_in_order_and_pauses_are_kept(self, bench: Bench) -> None:
        session, far = await bench.line()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await session.send_digits("1w22#", on=80, off=60)
        assert self.near(1000 * (loop.time() - began), 1030, 120 + self.tolerance)
        await asyncio.sleep(0.1)
        assert far.keys == "122#"
        assert await _failure(session.send_digits("12x"))

    @scenario
    async def test_keys_are_tones_for_a_far_end_that_knows_no_events(self, bench: Bench) -> None:
        session, far = await bench.line(keys=False)
        await session.send_digits("5", on=200, off=100)
        await asyncio.sleep(0.1)
        assert far.keys == ""
        assert self.near(presence(far.heard(), 770), 200)
        assert self.near(presence(far.heard(), 1336), 200)

    # streams

    @scenario
    async def test_a_tap_hands_out_what_is_heard(self, bench: Bench) -> None:
        session, far = await bench.line()
        collected = array("h")
        sizes = set()
        async with session.tap(rate=8000, chunk=100) as chunks, asyncio.TaskGroup() as group:
            speaking = group.create_task(far.say(tone(600, 500)))
            async for chunk in chunks:
                sizes.add(len(chunk.data))
                collected.extend(pcm_samples(chunk.data))
                if speaking.done():
                    break
        assert sizes == {1600}
        assert self.near(presence(collected, 600), 500, 140)

    @scenario
    async def test_a_tap_ends_with_its_session(self, bench: Bench) -> None:
        session, _ = await bench.line()
        chunks = session.tap(rate=16_000, chunk=40)
        sizes: set[int] = set()
        async with asyncio.timeout(5):
            async for chunk in chunks:
                if not sizes:
                    await session.close()
                sizes.add(len(chunk.data))
        assert sizes == {1280}

    @scenario
    async def test_a_stream_is_heard_as_it_is_fed_and_ends_after_the_last(self, bench: Bench) -> None:
        session, far = await bench.line()
        stream = session.inject(rate=16_000)
        for _ in range(5):
            stream.feed(
                pcm_bytes(array("h", (round(6000 * math.sin(math.tau * 500 * n / 16_000)) for n in range(1600))))
            )
        stream.finish()
        assert self.near((await stream.result()).duration, 500, 40)
        await asyncio.sleep(0.1)
        assert self.near(presence(far.heard(), 500), 500)

    @scenario
    async def test_a_stream_waits_for_the_prompt_before_it(self, bench: Bench) -> None:
        session, far = await bench.line()
        prompt = session.start_play(Tone(frequencies=(900.0,), on=200))
        stream = session.inject()
        stream.feed(tone(500, 200))
        await prompt.result()
        assert not stream.ended
        await asyncio.sleep(0.3)
        assert not stream.ended
        await stream.stop()
        assert self.near(presence(far.heard(), 900), 200)
        assert self.near(presence(far.heard(), 500), 200)

    @scenario
    async def test_a_stream_that_is_fed_too_much_fails(self, bench: Bench) -> None:
        session, _ = await bench.line()
        stream = session.inject(backlog=500)
        stream.feed(bytes(2 * 8 * 1000))
        assert await _failure(stream.result())

    # sessions

    @scenario
    async def test_closing_ends_everything_and_tells_what_passed(self, bench: Bench) -> None:
        session, far = await bench.line()
        running: list[Operation[Any]] = [
            session.start_play(Tone(frequencies=(600.0,), on=100, repeat=0)),
            session.start_play(Silence(duration=100)),
            session.start_record(str(bench.directory / "a.wav")),
            session.start_bridge(session),
            session.tap(),
            session.inject(),
        ]
        await far.say(tone(900, 300))
        statistics = await session.close()
        assert all(operation.ended and operation.interrupted for operation in running)
        assert statistics.packets_sent >= 10
        assert statistics.packets_received >= 10
        assert await session.close() == statistics
        assert bench.sessions.idle

    @scenario
    async def test_a_prompt_whose_session_closes_is_no_failure_of_the_prompt(self, bench: Bench) -> None:
        session, _ = await bench.line()
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(_outcome(session.play(Tone(frequencies=(600.0,), on=5000))))
            await asyncio.sleep(0.05)
            await session.close()
        assert isinstance(playing.result(), MediaClosed)
        assert isinstance(await _outcome(session.play(Silence(duration=20))), MediaClosed)

    @scenario
    async def test_a_session_that_cannot_be_opened_leaves_nothing(self, bench: Bench) -> None:
        session = bench.sessions.create()
        assert await _failure(session.open("not an address"))
        assert bench.sessions.idle
        await session.close()

    @scenario
    async def test_sessions_have_even_ports_of_their_own(self, bench: Bench) -> None:
        lines = [await bench.line() for _ in range(4)]
        ports = [session.local.port for session, _ in lines if session.local is not None]
        assert len(set(ports)) == 4
        assert all(port % 2 == 0 for port in ports)

    # the law

    @scenario
    async def test_commands_for_unknown_sessions_fail(self, bench: Bench) -> None:
        nobody = SessionId(999_999)
        commands: list[Command] = [
            Play(id=CommandId(1), session=nobody, sources=(Silence(duration=20),)),
            Record(id=CommandId(2), session=nobody, path=str(bench.directory / "a.wav")),
            Bridge(id=CommandId(3), a=nobody, b=nobody),
            Tap(id=CommandId(4), session=nobody),
            Inject(id=CommandId(5), session=nobody),
            SendDigits(id=CommandId(6), session=nobody, digits="1"),
            CloseSession(id=CommandId(7), session=nobody),
            Cancel(target=CommandId(8)),
            InjectAudio(stream=CommandId(9), data=b"\0\0"),
        ]
        ends = await _carry_out(bench.engine, commands, range(1, 8))
        assert all(isinstance(end, Failed) and end.reason for end in ends)
        assert sorted(end.command for end in ends) == list(range(1, 8))

    @scenario
    async def test_every_command_has_exactly_one_end(self, bench: Bench) -> None:
        """Random orders, cancels and closes; the session's close is the last end of a session."""
        for seed in range(8):
            chance = random.Random(seed)
            base = 10_000 * (seed + 1)
            commands = _disorder(chance, base, bench.directory)
            ids = [command.id for command in commands if not isinstance(command, Cancel | InjectAudio)]
            ends = await _carry_out(bench.engine, commands, ids, chance)
            assert Counter(end.command for end in ends) == Counter(ids), f"seed {seed}"
            closes = [end for end in ends if isinstance(end, Finished) and isinstance(end.result, Closed)]
            assert len(closes) == 3, f"seed {seed}"


async def _outcome(awaitable: Awaitable[object]) -> object:
    try:
        return await awaitable
    except MediaFailed as error:
        return error


async def _failure(awaitable: Awaitable[object]) -> str:
    """The reason why something failed, which it must."""
    outcome = await _outcome(awaitable)
    assert isinstance(outcome, MediaFailed), f"it did not fail but gave {outcome!r}"
    assert not isinstance(outcome, MediaClosed)
    return str(outcome)


async def _carry_out(
    engine: Engine,
    commands: Sequence[Command],
    ids: Sequence[int],
    chance: random.Random | None = None,
) -> list[Finished | Failed | Cancelled]:
    """Send commands past the sessions (with pauses, by ``chance``), and collect their ends until every id has one and nothing follows."""
    ends: list[Finished | Failed | Cancelled] = []
    enough = asyncio.Event()

    def listener(batch: Sequence[Event]) -> None:
        ends.extend(event for event in batch if isinstance(event, Finished | Failed | Cancelled))
        if {end.command for end in ends} >= set(ids):
            enough.set()

    engine.listen(listener)
    for command in commands:
        engine.send(command)
        if chance is not None and chance.random() < 0.25:
            await asyncio.sleep(0.02)
    try:
        async with asyncio.timeout(5):
            await enough.wait()
    except TimeoutError:
        missing = set(ids) - {end.command for end in ends}
        raise AssertionError(f"no end for commands {sorted(missing)}") from None
    await asyncio.sleep(0.05)
    return ends


def _disorder(chance: random.Random, base: int, directory: Path) -> list[Command]:
    """Three sessions that are told all kinds of things, then closed."""
    sessions = [SessionId(base + index) for index in range(3)]
    commands: list[Command] = []
    for number in range(base, base + 60):
        commands.append(_anything(chance, CommandId(number), chance.choice(sessions), sessions, directory))
        if chance.random() < 0.3:
            commands.append(Cancel(target=CommandId(chance.randrange(base, number + 1))))
        if chance.random() < 0.1:
            target = CommandId(chance.randrange(base, number + 1))
            commands.append(InjectAudio(stream=target, data=bytes(320), last=chance.random() < 0.5))
    opens: list[Command] = [
        OpenSession(id=CommandId(base + 100 + index), session=session, host="127.0.0.1")
        for index, session in enumerate(sessions)
    ]
    closes: list[Command] = [
        CloseSession(id=CommandId(base + 200 + index), session=session) for index, session in enumerate(sessions)
    ]
    return opens + commands + closes


def _anything(
    chance: random.Random, command: CommandId, session: SessionId, sessions: Sequence[SessionId], directory: Path
) -> Command:
    sources: tuple[AudioSource, ...] = chance.choice(
        [
            (Silence(duration=chance.randrange(0, 60)),),
            (Tone(frequencies=(600.0,), on=30, repeat=0),),
            (WavFile(path=str(directory / "missing.wav")),),
            (),
        ]
    )
    match chance.randrange(7):
        case 0:
            return Play(id=command, session=session, sources=sources, loop=chance.randrange(3))
        case 1:
            return Record(
                id=command,
                session=session,
                path=str(directory / f"{command}.wav"),
                max_length=chance.randrange(20, 200),
                beep=chance.random() < 0.2,
                trim=chance.random() < 0.2,
            )
        case 2:
            path = str(directory / f"{command}.wav") if chance.random() < 0.5 else None
            return Bridge(id=command, a=session, b=chance.choice(sessions), record_path=path)
        case 3:
            return Tap(id=command, session=session, chunk=20)
        case 4:
            return Inject(id=command, session=session, backlog=40)
        case 5:
            return SendDigits(id=command, session=session, digits=chance.choice(["", "1", "w2", "x"]), on=40, off=40)
        case _:
            return Play(id=command, session=SessionId(session + 5000), sources=sources)


def _g711_wav(kind: int, codes: list[int]) -> bytes:
    header = bytearray(wav_bytes(array("h")))
    header[20:22] = kind.to_bytes(2, "little")
    header[28:32] = RATE.to_bytes(4, "little")
    header[32:36] = b"\x01\x00\x08\x00"
    header[40:44] = len(codes).to_bytes(4, "little")
    return bytes(header) + bytes(codes)
