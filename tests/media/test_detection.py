from __future__ import annotations

from offhook.media.commands import Detect
from offhook.media.detection import MOST_WAITING
from offhook.media.events import Cancelled, VoiceStarted
from offhook.media.session import Sessions
from offhook.media.voice import Voice
from tests.media.mute_engine import MuteEngine, opened
from tests.support.virtual_loop import run, settle


def test_findings_are_read_in_order_until_the_session_ends():
    async def main():
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        findings = session.detect(voice=Voice())
        command = engine.last(Detect).id
        for at in (20, 40):
            engine.say(VoiceStarted(command=command, at=at))
        await settle()
        engine.say(Cancelled(command=command))
        await settle()
        assert [finding.at async for finding in findings] == [20, 40]

    run(main())


def test_the_oldest_finding_goes_when_nobody_reads():
    async def main():
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        findings = session.detect(voice=Voice())
        command = engine.last(Detect).id
        for at in range(MOST_WAITING + 2):
            engine.say(VoiceStarted(command=command, at=at))
        engine.say(Cancelled(command=command))
        await settle()
        read = [finding.at async for finding in findings]
        assert (len(read), read[0]) == (MOST_WAITING, 2)

    run(main())
