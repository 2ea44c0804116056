from __future__ import annotations

import asyncio

import pytest

from offhook.media.commands import SendDigits
from offhook.media.events import Done, Finished
from offhook.media.keypad import DtmfWay, InbandDtmf, pass_on
from offhook.media.session import MediaFailed, Sessions
from tests.media.mute_engine import MuteEngine, opened
from tests.support.virtual_loop import run, settle


@pytest.mark.parametrize(
    ("setting", "with_events", "without"), [("auto", False, True), ("always", True, True), ("never", False, False)]
)
def test_tones_are_listened_for_as_the_setting_says(setting, with_events, without):
    assert InbandDtmf(setting).hears(events=True) is with_events
    assert InbandDtmf(setting).hears(events=False) is without


@pytest.mark.parametrize(
    ("way", "events", "signalled", "by_info"),
    [
        ("auto", True, True, False),
        ("auto", False, False, False),
        ("auto", False, True, True),
        ("info", True, False, True),
        ("rfc4733", False, True, False),
        ("inband", False, True, False),
    ],
)
def test_keys_go_by_signalling_where_the_far_end_sends_its_own_so_or_the_setting_insists(
    way, events, signalled, by_info
):
    assert DtmfWay(way).signals(events=events, signalled=signalled) is by_info


def test_keys_by_signalling_keep_their_time_and_their_pauses():
    async def main():
        loop = asyncio.get_running_loop()
        session = await opened(Sessions(MuteEngine()))
        began, sent = loop.time(), []
        session.signal_key = lambda key, held: sent.append((key, held, round(loop.time() - began, 3)))
        await session.send_digits("1wa", on=120, off=80)
        assert sent == [("1", 120, 0.0), ("A", 120, 0.7)]
        with pytest.raises(MediaFailed, match="as keys"):
            await session.send_digits("1x")
        session.start_close()
        with pytest.raises(MediaFailed):
            await session.send_digits("1")

    run(main())


def test_a_key_is_passed_on_by_signalling_or_in_audio_unless_the_engine_does():
    async def main():
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        pass_on(session, "1", signalled=False)
        assert not [command for command in engine.sent if isinstance(command, SendDigits)]
        pass_on(session, "2", signalled=True)
        assert engine.last(SendDigits).digits == "2"
        engine.say(Finished(command=engine.last(SendDigits).id, result=Done()))
        await settle()
        sent = []
        session.signal_key = lambda key, held: sent.append(key)
        pass_on(session, "3", signalled=False)
        pass_on(session, "4", signalled=True)
        assert sent == ["3", "4"]

    run(main())
