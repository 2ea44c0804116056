from __future__ import annotations

import pytest

from offhook.media.commands import Announce, Cancel, ChangeMember, Join, RecordRoom, Silence
from offhook.media.events import Cancelled, Done, Finished, Opened, Played
from offhook.media.membership import Membership
from offhook.media.room import Room
from offhook.media.session import MediaClosed, MediaFailed, Sessions
from tests.media.mute_engine import MuteEngine, opened
from tests.support.virtual_loop import run, settle


def test_a_room_is_a_name_that_all_its_commands_carry():
    async def main():
        engine = MuteEngine()
        sessions = Sessions(engine)
        session, room = await opened(sessions), Room(sessions)
        room.join(session, Membership(muted=True))
        room.announce(Silence(duration=20), loop=2)
        room.start_record("/a.wav")
        assert {engine.last(kind).room for kind in (Join, Announce, RecordRoom)} == {room.id}
        assert engine.last(Join).membership.muted
        assert engine.last(Announce).loop == 2
        assert Room(sessions).id != room.id

    run(main())


def test_leaving_is_the_cancellation_of_the_join():
    async def main():
        engine = MuteEngine()
        sessions = Sessions(engine)
        joining = Room(sessions).join(await opened(sessions))
        engine.say(Cancelled(command=joining.id))
        await joining.stop()
        assert engine.last(Cancel).target == joining.id
        assert joining.interrupted

    run(main())


def test_what_never_began_was_neither_heard_nor_recorded():
    async def main():
        engine = MuteEngine()
        sessions = Sessions(engine)
        room = Room(sessions)
        announcement, recording = room.announce(Silence(duration=20)), room.start_record("/a.wav")
        engine.say(Cancelled(command=announcement.id), Cancelled(command=recording.id))
        await settle()
        assert (await announcement.result()).duration == 0
        assert (await recording.result()).duration == 0
        odd = room.announce(Silence(duration=20))
        engine.say(Finished(command=odd.id, result=Opened(host="127.0.0.1", port=2)))
        with pytest.raises(MediaFailed, match="where Played was due"):
            await odd.result()

    run(main())


def test_a_session_that_is_closed_joins_nothing():
    async def main():
        engine = MuteEngine()
        sessions = Sessions(engine)
        session, room = await opened(sessions), Room(sessions)
        await session.close()
        with pytest.raises(MediaClosed):
            room.join(session)
        with pytest.raises(MediaClosed):
            await room.change(session, Membership())

    run(main())


def test_a_change_waits_for_its_end():
    async def main():
        engine = MuteEngine()
        sessions = Sessions(engine)
        session = await opened(sessions)

        def answer(command):
            if isinstance(command, ChangeMember):
                engine.say(Finished(command=command.id, result=Done()))

        sent, engine.send = engine.send, lambda command: (sent(command), answer(command))
        await Room(sessions).change(session, Membership(deaf=True))
        assert engine.last(ChangeMember).membership == Membership(deaf=True)

    run(main())


def test_an_announcement_tells_how_long_it_was():
    async def main():
        engine = MuteEngine()
        room = Room(Sessions(engine))
        announcement = room.announce(Silence(duration=20))
        engine.say(Finished(command=announcement.id, result=Played(duration=20)))
        assert (await announcement.result()).duration == 20

    run(main())
