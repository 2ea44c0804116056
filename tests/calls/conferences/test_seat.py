from __future__ import annotations

import asyncio
from dataclasses import replace

from offhook.calls.settings import CallSettings
from offhook.media.commands import AudioFile, Join, Pcm, Play
from tests.calls.conferences.people import QUIET, meeting
from tests.support.virtual_loop import run, settle

LISTENER = replace(QUIET, start_on_enter=False)


class Radio:
    """Makes URLs heard, and remembers which."""

    def __init__(self) -> None:
        self.on: list[str] = []
        self.off: list[str] = []

    async def __call__(self, url: str, method: str) -> None:
        self.on.append(f"{method} {url}")
        try:
            await asyncio.sleep(1_000)
        finally:
            self.off.append(url)


def test_what_is_heard_while_waiting_comes_from_the_application() -> None:
    async def main() -> None:
        async with meeting() as m:
            radio = Radio()
            ann = await m.comes("ann", replace(LISTENER, wait_url="/music", wait_method="GET", entertain=radio))
            assert (radio.on, radio.off) == (["GET /music"], [])
            await m.comes("bob")
            assert radio.off == ["/music"]
            m.live.change(ann.sid, hold=True, hold_url="/held")
            await settle(20)
            assert radio.on[1:] == ["POST /held"]
            m.live.change(ann.sid, hold=False)
            await settle(20)
            assert radio.off[1:] == ["/held"]
            m.live.change(ann.sid, hold=True)
            await settle(20)
            assert ann.hears == {"tone"}, "without a URL it is the server's own"

    run(main())


def test_music_rests_while_something_is_announced_to_the_one_who_hears_it() -> None:
    async def main() -> None:
        async with meeting() as m:
            radio, news = Radio(), Pcm(data=bytes(16_000))

            async def sounds(url: str, method: str) -> tuple[Pcm, ...]:
                return (news,)

            entry = replace(LISTENER, wait_url="/music", entertain=radio, sounds=sounds)
            ann = await m.comes("ann", entry)
            m.live.announce("/news", "GET", to=ann.sid)
            await asyncio.sleep(0.5)
            assert (ann.hears, radio.off) == ({"pcm"}, ["/music"])
            await asyncio.sleep(1)
            assert (ann.hears, len(radio.on)) == (set(), 2)

    run(main())


def test_an_empty_url_is_silence() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann = await m.comes("ann", replace(LISTENER, wait_url=""))
            assert ann.hears == set()

    run(main())


def test_music_is_a_setting_and_without_the_file_it_is_silent(tmp_path) -> None:
    async def main() -> None:
        async with meeting(CallSettings(hold_music="/missing.wav")) as m:
            ann = await m.comes("ann", LISTENER)
            play = next(command for command in m.w.engine.commands if isinstance(command, Play))
            assert play.sources == (AudioFile(path="/missing.wav"),)
            assert (ann.hears, ann.outcome) == (set(), None)

    run(main())


def test_a_room_that_the_engine_refuses_ends_the_dial_with_the_reason() -> None:
    async def main() -> None:
        async with meeting() as m:
            await m.comes("ann")
            bob = await m.comes("bob")
            m.w.engine.refuse_next(Join, "no")
            cid = await m.comes("cid")
            assert bob.outcome is None
            assert cid.outcome is None or cid.outcome.reason == "no"

    run(main())
