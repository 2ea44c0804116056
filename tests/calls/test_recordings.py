"""Several recordings of a call, the API's hand on them, and what becomes of them when the call ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from offhook.calls.control import CallRefused, RecordingChange
from offhook.calls.events import CallEnded, RecordingEnded
from offhook.calls.recordings import MOST
from offhook.media.operation import MediaFailed
from offhook.vocabulary.sids import CallSid, RecordingSid
from tests.calls.test_recording import ORDER, in_call, told
from tests.calls.twins import LegTwin, World
from tests.support.virtual_loop import settle


def test_recordings_end_with_the_call_and_are_told_before_it(tmp_path: Path) -> None:
    async def body(w: World, leg: LegTwin, call: Any) -> None:
        sids = [call.start_recording(ORDER).sid for _ in range(2)]
        await asyncio.sleep(2)
        leg.ends()
        await settle(50)
        ends = [event for event in w.log.events if isinstance(event, RecordingEnded | CallEnded)]
        assert {event.sid for event in ends[:2] if isinstance(event, RecordingEnded)} == set(sids)
        assert isinstance(ends[2], CallEnded)

    in_call(tmp_path, body)


def test_the_api_starts_pauses_and_stops_by_name_or_the_newest(tmp_path: Path) -> None:
    async def body(w: World, leg: LegTwin, call: Any) -> None:
        desk, sid = w.board.recordings, call.facts.sid
        first, second = desk.start(sid, ORDER), desk.start(sid, ORDER)
        await asyncio.sleep(1)
        assert await desk.change(sid, None, RecordingChange.PAUSE_SKIP) == second
        assert await desk.change(sid, first, RecordingChange.PAUSE_SILENCE) == first
        await asyncio.sleep(1)
        assert await desk.change(sid, second, RecordingChange.RESUME) == second
        await asyncio.sleep(1)
        for _ in range(2):
            await desk.change(sid, None, RecordingChange.STOP)
        ends = {event.sid: event.duration for event in told(w) if isinstance(event, RecordingEnded)}
        assert ends == {first: 3_000, second: 2_000}
        with pytest.raises(CallRefused, match="no such recording"):
            await desk.change(sid, None, RecordingChange.STOP)

    in_call(tmp_path, body)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    async def body(w: World, leg: LegTwin, call: Any) -> None:
        desk, nobody = w.board.recordings, CallSid("CA" + "0" * 32)
        with pytest.raises(CallRefused, match="not in progress"):
            desk.start(nobody, ORDER)
        with pytest.raises(CallRefused, match="no such recording"):
            await desk.change(nobody, None, RecordingChange.STOP)
        desk.start(call.facts.sid, ORDER)
        with pytest.raises(CallRefused, match="no such recording"):
            await desk.change(call.facts.sid, RecordingSid("RE" + "0" * 32), RecordingChange.STOP)

    in_call(tmp_path, body)


def test_a_call_has_so_many_recordings_and_no_more(tmp_path: Path) -> None:
    async def body(w: World, leg: LegTwin, call: Any) -> None:
        recordings = [call.start_recording(ORDER) for _ in range(MOST)]
        with pytest.raises(MediaFailed, match="under way already"):
            call.start_recording(ORDER)
        await recordings[0].stop()
        call.start_recording(ORDER)

    in_call(tmp_path, body)


def test_a_full_disk_is_no_reason_to_end_a_call(tmp_path: Path) -> None:
    async def body(w: World, leg: LegTwin, call: Any) -> None:
        def full(sid: RecordingSid) -> str:
            raise OSError(28, "No space left on device")

        object.__setattr__(call._around, "recordings", full)
        with pytest.raises(MediaFailed, match="No space left"):
            call.start_recording(ORDER)
        assert call.recordings.attempt(call.facts, call.media, ORDER) is None
        assert not call.over

    in_call(tmp_path, body)
