from __future__ import annotations

from offhook.media.commands import SessionId
from offhook.media.events import DigitReceived, PathLost, RtpLost, SpeakingChanged
from offhook.media.hooks import Hooks
from tests.support.virtual_loop import run, settle

NEWS = (
    DigitReceived(session=SessionId(1), digit="5"),
    SpeakingChanged(session=SessionId(1), speaking=True),
    RtpLost(session=SessionId(1), silent=9000),
    PathLost(session=SessionId(1), reason="no path"),
)


def test_each_kind_of_news_has_its_listener_and_is_lost_without_one():
    async def main():
        hooks, told = Hooks(), []
        for event in NEWS:
            hooks.tell(event)
        hooks.on_digit = hooks.on_speaking = hooks.on_lost = told.append
        for event in NEWS:
            hooks.tell(event)
        assert told == [], "in the next round of the loop"
        await settle()
        assert told == ["5", True, "no audio came from the far end for 9 s", "no path"]

    run(main())
