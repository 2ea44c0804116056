"""Two linked calls, and what is heard while one of them holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from offhook.calls.leg import LegDigit
from offhook.calls.settings import CallSettings
from offhook.media.commands import AudioFile, Play, SendDigits
from tests.calls.talks import talk
from tests.calls.twins import LegTwin, World
from tests.support.audio import sine, write_wav
from tests.support.virtual_loop import run, settle


@pytest.fixture
def music(tmp_path: Path) -> CallSettings:
    return CallSettings(hold_music=str(write_wav(tmp_path / "music.wav", sine(600, 2000))))


def hears_music(w: World, leg: LegTwin) -> bool:
    """Whether music plays to it now."""
    plays = [
        command
        for command in w.engine.commands
        if isinstance(command, Play) and command.session == leg.media.id and isinstance(command.sources[0], AudioFile)
    ]
    stopped = {getattr(command, "target", None) for command in w.engine.commands}
    return any(command.id not in stopped for command in plays)


def test_who_waits_hears_music_until_the_other_comes_back(music: CallSettings) -> None:
    async def main() -> None:
        async with talk(settings=music) as t:
            t.desk.holds()
            await settle()
            assert (hears_music(t.w, t.caller), hears_music(t.w, t.desk)) == (True, False)
            t.desk.holds()
            t.desk.holds(False)
            await settle()
            assert not hears_music(t.w, t.caller)
            assert t.linked(t.caller, t.desk)
            t.caller.holds()
            await settle()
            assert hears_music(t.w, t.desk)

    run(main())


def test_without_music_the_one_who_holds_is_heard() -> None:
    async def main() -> None:
        async with talk() as t:
            t.desk.holds()
            await settle()
            assert not any(isinstance(command, Play) and command.loop == 0 for command in t.w.engine.commands[-3:])
            assert t.linked(t.caller, t.desk)

    run(main())


def test_music_ends_with_the_link(music: CallSettings) -> None:
    async def main() -> None:
        async with talk(settings=music) as t:
            t.desk.holds()
            await settle()
            assert hears_music(t.w, t.caller)
            t.desk.ends()
            await settle(50)
            assert (hears_music(t.w, t.caller), t.went_on) == (False, True)

    run(main())


def test_music_that_cannot_be_played_is_no_reason_to_end_a_call(music: CallSettings) -> None:
    async def main() -> None:
        async with talk(settings=music) as t:
            t.w.engine.refuse_next(Play, "no such file")
            t.desk.holds()
            await settle()
            assert t.linked(t.caller, t.desk)
            t.desk.holds(False)
            await settle()

    run(main())


def test_a_key_by_signalling_reaches_the_other_side_in_audio_and_one_in_audio_by_signalling() -> None:
    async def main() -> None:
        async with talk() as t:
            t.caller.tell(LegDigit(digit="5"))
            await settle()
            sent = [command for command in t.w.engine.commands if isinstance(command, SendDigits)]
            assert [(command.session, command.digits) for command in sent] == [(t.desk.media.id, "5")]
            signalled: list[str] = []
            t.caller.media.signal_key = lambda key, _: signalled.append(key)
            t.w.engine.press(t.desk.media.id, "7")
            await settle()
            assert signalled == ["7"]
            assert len([command for command in t.w.engine.commands if isinstance(command, SendDigits)]) == 1

    run(main())
