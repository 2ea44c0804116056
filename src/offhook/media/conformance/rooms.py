"""Rooms: who of a conference hears whom, what all hear, and what is recorded of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from offhook.media.commands import Codec, Tone
from offhook.media.conformance.bench import Bench, FarEnd, Suite, failure, presence, scenario, tone, wave
from offhook.media.membership import Membership
from offhook.media.operation import Operation
from offhook.media.room import Room
from offhook.media.session import MediaSession

HERTZ = (600.0, 900.0, 1300.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody in a room, who says a tone of his own."""

    session: MediaSession
    far: FarEnd
    joining: Operation[None]
    hertz: float

    @property
    def hears(self) -> list[bool]:
        """Which of the tones has come through so far."""
        heard = self.far.heard()
        return [presence(heard, hertz) >= 200 for hertz in HERTZ]


class Rooms(Suite):
    @scenario
    async def test_everybody_hears_the_others_and_not_himself(self, bench: Bench) -> None:
        _, party = await gather(bench, codecs=(Codec.PCMU, Codec.PCMU, Codec.L16_16))
        await talk(*party)
        for listener in party:
            heard = listener.far.heard()
            for speaker in party:
                wanted = 0 if speaker is listener else 400
                assert self.near(presence(heard, speaker.hertz), wanted, 2 * self.tolerance), (listener, speaker)

    @scenario
    async def test_who_has_left_neither_hears_nor_is_heard(self, bench: Bench) -> None:
        _, party = await gather(bench)
        await party[0].joining.stop()
        assert party[0].joining.interrupted
        await party[1].session.close()
        await party[1].joining.result()
        await talk(party[0], party[2])
        assert presence(party[0].far.heard(), HERTZ[2]) == presence(party[2].far.heard(), HERTZ[0]) == 0

    @scenario
    async def test_one_who_is_muted_is_not_heard_and_one_who_is_deaf_does_not_hear(self, bench: Bench) -> None:
        room, party = await gather(bench)
        await room.change(party[0].session, Membership(muted=True))
        await room.change(party[1].session, Membership(deaf=True))
        await talk(*party)
        assert party[0].hears == [False, True, True]
        assert party[1].hears == [False, False, False]
        assert party[2].hears == [False, True, False]
        await room.change(party[0].session, Membership())
        await talk(party[0])
        assert party[2].hears == [True, True, False]

    @scenario
    async def test_a_coach_is_heard_by_one_alone(self, bench: Bench) -> None:
        room, party = await gather(bench)
        await room.change(party[0].session, Membership(coaches=party[1].session.id))
        await talk(*party)
        assert party[0].hears == [False, True, True]
        assert party[1].hears == [True, False, True]
        assert party[2].hears == [False, True, False]

    @scenario
    async def test_an_announcement_is_heard_by_all_over_what_they_say(self, bench: Bench) -> None:
        room, party = await gather(bench)
        announcement = room.announce(Tone(frequencies=(1700.0,), on=300))
        await talk(*party)
        assert self.near((await announcement.result()).duration, 300, 1)
        for member in party:
            assert self.near(presence(member.far.heard(), 1700), 300, 2 * self.tolerance)
        assert party[0].hears == [False, True, True]

    @scenario
    async def test_an_announcement_can_be_stopped(self, bench: Bench) -> None:
        room, party = await gather(bench)
        announcement = room.announce(Tone(frequencies=(1700.0,), on=50), loop=0)
        await asyncio.sleep(0.3)
        assert self.near((await announcement.stop()).duration, 300)
        await asyncio.sleep(0.2)
        assert self.near(presence(party[0].far.heard(), 1700), 300, 2 * self.tolerance)

    @scenario
    async def test_a_prompt_covers_the_room_for_one_alone(self, bench: Bench) -> None:
        _, party = await gather(bench)
        await asyncio.gather(talk(*party), party[0].session.play(Tone(frequencies=(1700.0,), on=600)))
        await asyncio.sleep(0.1)
        assert self.near(presence(party[0].far.heard(), 1700), 600, 2 * self.tolerance)
        assert presence(party[0].far.heard(), HERTZ[1]) <= 2 * self.tolerance
        assert presence(party[1].far.heard(), 1700) == 0
        assert party[1].hears == [True, False, True]

    @scenario
    async def test_a_recording_holds_what_all_say_until_the_last_one_leaves(self, bench: Bench) -> None:
        room, party = await gather(bench)
        recording = room.start_record(str(bench.directory / "room.wav"))
        await asyncio.gather(*(member.far.say(tone(member.hertz, 400)) for member in party))
        for member in party:
            await member.session.close()
        recorded = await recording.result()
        assert recording.interrupted
        tape = wave(recorded.path)
        assert tape.channels == 1
        assert self.near(recorded.duration, tape.duration, 1)
        assert self.near(recorded.duration, 400, 3 * self.tolerance)
        assert all(presence(tape.channel(0), hertz) >= 200 for hertz in HERTZ)

    @scenario
    async def test_speaking_is_told_where_it_is_asked_for(self, bench: Bench) -> None:
        room, party = await gather(bench)
        told: list[tuple[int, bool]] = []
        for index, member in enumerate(party):
            member.session.on_speaking = partial(_note, told, index)
        await room.change(party[1].session, Membership(reports=True))
        await talk(*party)
        assert told == [(1, True)]
        await asyncio.sleep(0.9)
        assert told == [(1, True), (1, False)]

    @scenario
    async def test_a_room_is_there_while_somebody_is_in_it(self, bench: Bench) -> None:
        room = Room(bench.sessions)
        assert await failure(room.start_record(str(bench.directory / "a.wav")).result())
        assert await failure(room.announce(Tone(frequencies=(600.0,), on=100)).result())
        session, _ = await bench.line()
        assert await failure(room.change(session, Membership()))
        joining = room.join(session)
        announcement = room.announce(Tone(frequencies=(600.0,), on=100), loop=0)
        assert await failure(Room(bench.sessions).join(session).result())
        assert await failure(session.start_bridge(session).result())
        await joining.stop()
        await announcement.result()
        assert announcement.interrupted
        await Room(bench.sessions).join(session).stop()


def _note(told: list[tuple[int, bool]], index: int, speaking: bool) -> None:
    told.append((index, speaking))


async def talk(*members: Member) -> None:
    """All say their tones at once for 400 ms."""
    await asyncio.sleep(0.1)
    await asyncio.gather(*(member.far.say(tone(member.hertz, 400)) for member in members))
    await asyncio.sleep(0.2)


async def gather(bench: Bench, codecs: tuple[Codec, ...] = (Codec.PCMU,) * 3) -> tuple[Room, list[Member]]:
    """Three in a room."""
    room = Room(bench.sessions)
    party = []
    for codec, hertz in zip(codecs, HERTZ, strict=True):
        session, far = await bench.line(codec=codec)
        party.append(Member(session=session, far=far, joining=room.join(session), hertz=hertz))
    return room, party
