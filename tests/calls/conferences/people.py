"""People who meet in a conference of the switchboard, among twins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from offhook.calls.conferences.entry import ConferenceEntry
from offhook.calls.conferences.live import LiveConference
from offhook.calls.dialing import DialOutcome, DialRequest
from offhook.calls.events import ConferenceChanged
from offhook.calls.script import ScriptCall
from offhook.calls.settings import CallSettings
from offhook.media.fake_line import Announced, Relayed
from offhook.vocabulary.sids import AccountSid, CallSid
from tests.calls.twins import LegTwin, World, world
from tests.support.virtual_loop import settle, until

ACCOUNT = AccountSid("AC1")
QUIET = ConferenceEntry(name="room", beep_on_enter=False, beep_on_exit=False)
"""Nobody hears anybody come or go."""


class Person:
    """A caller whose application enters a conference."""

    def __init__(self, meeting: Meeting, leg: LegTwin) -> None:
        self._meeting = meeting
        self.leg = leg
        self.call: ScriptCall
        self.outcome: DialOutcome | None = None
        self.told: list[DialOutcome] = []

    @property
    def sid(self) -> CallSid:
        return self.call.facts.sid

    @property
    def hears(self) -> set[str]:
        """What is in the ear now: names of others, or kinds of sound."""
        names = {person.leg.media.id: name for name, person in self._meeting.people.items()}
        return {
            names[heard.source.session] if isinstance(heard.source, Relayed) else _kind(heard.source)
            for heard in self._meeting.w.engine.heard(self.leg.media.id)
            if heard.duration is None
        }

    def hangs_up(self) -> None:
        self.leg.ends()


def _kind(source: object) -> str:
    inner = source.source if isinstance(source, Announced) else source
    kind = type(inner).__name__.lower()
    return f"announced {kind}" if isinstance(source, Announced) else kind


class Meeting:
    """Some people, and the conference named ``room``."""

    def __init__(self, w: World) -> None:
        self.w = w
        self.people: dict[str, Person] = {}

    @property
    def live(self) -> LiveConference:
        found = self.w.board.conferences.named(ACCOUNT, "room")
        assert found is not None
        return found

    @property
    def events(self) -> list[tuple[str, str | None]]:
        """What the conference told, with the name of whom it is about."""
        names = {person.sid: name for name, person in self.people.items()}
        return [
            (event.moment.value, None if event.participant is None else names.get(event.participant.call_sid))
            for event in self.w.log.events
            if isinstance(event, ConferenceChanged)
        ]

    async def comes(self, name: str, entry: ConferenceEntry = QUIET, **request: object) -> Person:
        """Somebody calls and enters."""
        person = self.people[name] = Person(self, self.w.call_in(sender=name))
        dial = DialRequest(conference=entry, **request)  # type: ignore[arg-type]

        async def script(call: ScriptCall) -> None:
            """As the interpreter does: the verb is raced against the interruption and cancelled by it."""
            person.call = call
            await call.answer()
            async with asyncio.TaskGroup() as tasks:
                verb = tasks.create_task(verb_of(call))
                watch = tasks.create_task(call.interruption())
                await asyncio.wait({verb, watch}, return_when=asyncio.FIRST_COMPLETED)
                verb.cancel()
                watch.cancel()

        async def verb_of(call: ScriptCall) -> None:
            person.outcome = await call.dial(replace(dial, on_end=person.told.append))
            await asyncio.sleep(100_000)

        self.w.script.work = script
        await until(lambda: hasattr(person, "call") and (person.call.answered or person.leg.ended))
        await settle(20)
        return person


@asynccontextmanager
async def meeting(settings: CallSettings | None = None, recordings: str = "/nowhere") -> AsyncIterator[Meeting]:
    """A meeting; afterwards all have hung up and nothing is left."""
    async with world(settings, recordings) as w:
        m = Meeting(w)
        yield m
        for person in m.people.values():
            person.hangs_up()
        await settle(50)
        assert len(w.board.conferences) == 0
