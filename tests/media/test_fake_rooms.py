from __future__ import annotations

import asyncio

from offhook.media.commands import Codec, Tone
from offhook.media.conformance.bench import level
from offhook.media.fake import FakeEngine
from offhook.media.fake_line import Announced, Relayed
from offhook.media.membership import Membership
from offhook.media.room import Room
from offhook.media.session import Sessions
from tests.support.virtual_loop import run

BEEP = Tone(frequencies=(1000.0,), on=100)


async def scene(count):
    """An engine and a room with ``count`` people in it."""
    engine = FakeEngine()
    sessions = Sessions(engine)
    room = Room(sessions)
    people = []
    for _ in range(count):
        session = sessions.create()
        await session.open("127.0.0.1")
        await session.connect(remote=("127.0.0.1", 40_000), codec=Codec.PCMU, payload_type=0)
        people.append((session, room.join(session)))
    return engine, room, people


def test_what_is_heard_in_a_room_says_from_whom():
    async def main():
        engine, room, people = await scene(3)
        await room.change(people[2][0], Membership(gain=6.0))
        await asyncio.sleep(1)
        heard = [heard.source for heard in engine.heard(people[0][0].id) if heard.duration is None]
        assert heard == [Relayed(session=people[1][0].id), Relayed(session=people[2][0].id, gain=6.0)]

    run(main())


def test_gain_makes_a_voice_louder():
    async def main():
        engine, room, people = await scene(2)
        speaker, listener = people[0][0], people[1][0]
        for gain in (0.0, 6.0):
            await room.change(speaker, Membership(gain=gain))
            since = engine.now()
            engine.speak(speaker.id, 400)
            await asyncio.sleep(0.4)
            heard = level(engine.sound(listener.id, since), 300)
            assert abs(heard - (-16 + gain)) < 0.5
        await asyncio.sleep(1)

    run(main())


def test_an_announcement_is_heard_beside_the_others():
    async def main():
        engine, room, people = await scene(2)
        await room.announce(BEEP, loop=2).result()
        beeps = [heard for heard in engine.heard(people[0][0].id) if heard.source == Announced(source=BEEP)]
        assert [beep.duration for beep in beeps] == [100, 100]
        assert (await room.announce().result()).duration == 0

    run(main())


def test_nothing_is_left_of_a_room_that_everybody_has_left():
    async def main():
        engine, room, people = await scene(2)
        announcement = room.announce(BEEP, loop=0)
        for session, _ in people:
            await session.close()
        await announcement.result()
        assert announcement.interrupted
        assert engine.idle

    run(main())


def test_speaking_is_told_once_however_long_it_takes():
    async def main():
        engine, room, people = await scene(1)
        session = people[0][0]
        told = []
        session.on_speaking = told.append
        await room.change(session, Membership(reports=True))
        engine.speak(session.id, 300)
        engine.speak(session.id, 300)
        await asyncio.sleep(1.3)
        assert told == [True]
        await asyncio.sleep(0.2)
        assert told == [True, False]

    run(main())
