"""The one law of the border: every command has exactly one end."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from offhook.media.commands import (
    UNANSWERED,
    Announce,
    AudioFile,
    AudioSource,
    Bridge,
    Cancel,
    ChangeMember,
    CloseSession,
    Command,
    CommandId,
    Detect,
    Inject,
    InjectAudio,
    InjectClear,
    InjectMark,
    Join,
    OpenSession,
    Play,
    RecordRoom,
    SendDigits,
    SessionId,
    Silence,
    Tap,
    Tone,
)
from offhook.media.conformance.bench import Bench, Suite, scenario
from offhook.media.engine import Engine
from offhook.media.events import Cancelled, Closed, Event, Failed, Finished
from offhook.media.membership import Membership, RoomId
from offhook.media.recording import PauseBehavior, PauseRecording, Record, ResumeRecording, Track
from offhook.media.voice import Voice


class Law(Suite):
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
            Join(id=CommandId(8), session=nobody, room=RoomId(1)),
            ChangeMember(id=CommandId(9), session=nobody, membership=Membership()),
            Announce(id=CommandId(10), room=RoomId(1), sources=()),
            RecordRoom(id=CommandId(11), room=RoomId(1), path=str(bench.directory / "b.wav")),
            Cancel(target=CommandId(12)),
            InjectAudio(stream=CommandId(13), data=b"\0\0"),
        ]
        ends = await _carry_out(bench.engine, commands, range(1, 12))
        assert all(isinstance(end, Failed) and end.reason for end in ends)
        assert sorted(end.command for end in ends) == list(range(1, 12))

    @scenario
    async def test_every_command_has_exactly_one_end(self, bench: Bench) -> None:
        """Random orders, cancels and closes; the session's close is the last end of a session."""
        for seed in range(8):
            chance = random.Random(seed)
            base = 10_000 * (seed + 1)
            commands = _disorder(chance, base, bench.directory)
            ids = [command.id for command in commands if not isinstance(command, UNANSWERED)]
            ends = await _carry_out(bench.engine, commands, ids, chance)
            assert Counter(end.command for end in ends) == Counter(ids), f"seed {seed}"
            closes = [end for end in ends if isinstance(end, Finished) and isinstance(end.result, Closed)]
            assert len(closes) == 3, f"seed {seed}"


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
            commands.append(InjectMark(stream=target, name="here"))
            commands.append(InjectAudio(stream=target, data=bytes(320), last=chance.random() < 0.5))
            commands.append(InjectClear(stream=target))
        if chance.random() < 0.1:
            recording = CommandId(chance.randrange(base, number + 1))
            commands.append(PauseRecording(recording=recording, behavior=chance.choice(list(PauseBehavior))))
            commands.append(ResumeRecording(recording=recording))
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
            (AudioFile(path=str(directory / "missing.wav")),),
            (),
        ]
    )
    match chance.randrange(10):
        case 9:
            return Detect(id=command, session=session, voice=Voice(), silence=40, tones=True)
        case 0:
            return Play(id=command, session=session, sources=sources, loop=chance.randrange(3))
        case 1:
            return Record(
                id=command,
                session=session,
                path=str(directory / f"{command}.wav"),
                max_length=chance.randrange(20, 200),
                track=chance.choice(list(Track)),
                channels=chance.choice([1, 2]),
                beep=chance.random() < 0.2,
                trim=chance.random() < 0.2,
            )
        case 2:
            return Bridge(id=command, a=session, b=chance.choice(sessions))
        case 3:
            return Tap(id=command, session=session, chunk=20)
        case 4:
            return Inject(id=command, session=session, backlog=40)
        case 5:
            return SendDigits(id=command, session=session, digits=chance.choice(["", "1", "w2", "x"]), on=40, off=40)
        case 6:
            return Join(id=command, session=session, room=RoomId(sessions[0] + chance.randrange(2)))
        case 7:
            return _about_rooms(chance, command, session, RoomId(sessions[0]), sources, directory)
        case _:
            return Play(id=command, session=SessionId(session + 5000), sources=sources)


def _about_rooms(
    chance: random.Random,
    command: CommandId,
    session: SessionId,
    room: RoomId,
    sources: tuple[AudioSource, ...],
    directory: Path,
) -> Command:
    match chance.randrange(3):
        case 0:
            return ChangeMember(id=command, session=session, membership=Membership(muted=chance.random() < 0.5))
        case 1:
            return Announce(id=command, room=room, sources=sources, loop=chance.randrange(3))
        case _:
            return RecordRoom(id=command, room=room, path=str(directory / f"{command}.wav"))
