from __future__ import annotations

import pytest

from offhook.media.commands import Inject, InjectAudio, InjectClear, InjectMark, Tap, Track
from offhook.media.events import AudioChunk, Cancelled, MarkReached
from offhook.media.session import Sessions
from tests.media.mute_engine import MuteEngine, opened
from tests.support.virtual_loop import run, settle


def test_a_tap_of_both_tracks_lets_twice_as_many_chunks_wait():
    async def main():
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        tap = session.tap(track=Track.BOTH, backlog=2)
        command = engine.last(Tap).id
        for number in range(5):
            engine.say(AudioChunk(command=command, data=bytes([number]), track=Track.OUTBOUND))
        engine.say(Cancelled(command=command))
        await settle()
        chunks = [chunk async for chunk in tap]
        assert [chunk.data[0] for chunk in chunks] == [1, 2, 3, 4]
        assert (chunks[0].dropped, chunks[0].track) == (1, Track.OUTBOUND)

    run(main())


def test_an_injection_feeds_marks_and_clears_its_stream_and_tells_of_marks():
    async def main():
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        stream, told = session.inject(), []
        stream.on_mark = told.append
        command = engine.last(Inject).id
        stream.feed(bytes(320))
        stream.mark("one")
        stream.clear()
        assert [type(sent) for sent in engine.sent[-3:]] == [InjectAudio, InjectMark, InjectClear]
        with pytest.raises(ValueError, match="256 characters"):
            stream.mark("x" * 257)
        engine.say(MarkReached(command=command, name="one", cleared=True))
        engine.say(Cancelled(command=command))
        await settle()
        assert told == [MarkReached(command=command, name="one", cleared=True)]
        stream.mark("late")
        assert isinstance(engine.sent[-1], InjectClear)

    run(main())
