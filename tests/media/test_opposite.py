"""A session in the far end's place, with real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from offhook.media.commands import Tone
from offhook.media.conformance import Bench
from offhook.media.conformance.bench import presence, tone, wave
from offhook.media.native import NativeEngine
from offhook.media.operation import MediaFailed
from offhook.media.opposite import opposite
from offhook.media.settings import MediaSettings
from tests.support.media_bench import run_on_sockets


def test_whoever_takes_the_far_ends_place_hears_what_plays_goes_on_and_is_recorded_with_his_keys(
    tmp_path: Path,
) -> None:
    async def main(bench: Bench) -> None:
        (old, leaves), (line, comes) = await bench.line(), await bench.line()
        keys: list[str] = []
        old.on_digit = keys.append
        playing = old.start_play(Tone(frequencies=(600.0,), on=3_000))
        recording = old.start_record(str(tmp_path / "heard.wav"))
        await asyncio.gather(asyncio.sleep(0.4), leaves.say(tone(900, 300)))
        place = await opposite(old)
        bridge = line.start_bridge(place)
        await asyncio.gather(comes.say(tone(1300, 600)), leaves.say(tone(900, 600)))
        await comes.press("7")
        await asyncio.sleep(0.2)
        assert not playing.ended
        await bridge.stop()
        recorded = await recording.stop()
        heard = wave(recorded.path).line()
        assert (presence(heard, 900) >= 200, presence(heard, 1300) >= 480) == (True, True)
        assert presence(comes.heard(), 600) >= 480
        assert presence(leaves.heard()[-8 * 400 :], 600) <= 100, "who has left hears nothing any more"
        assert keys == ["7"]
        await place.close()

    run_on_sockets(lambda: NativeEngine(MediaSettings(shards=2, port_low=24_000, port_high=24_999)), main, tmp_path)


def test_a_session_that_is_not_open_has_no_opposite(tmp_path: Path) -> None:
    async def main(bench: Bench) -> None:
        with pytest.raises(MediaFailed, match="not open"):
            await opposite(bench.sessions.create())

    run_on_sockets(lambda: NativeEngine(MediaSettings(shards=1, port_low=24_000, port_high=24_999)), main, tmp_path)
