"""A conference as a value: who is in it, whether it has started, what follows from each coming, change and going.

Pure: tells no time, holds no call and moves no audio. What it returns are the facts that others read, in order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from offhook.calls.events import ConferenceChanged, ConferenceFacts, ConferenceMoment, ParticipantFacts
from offhook.vocabulary.sids import CallSid
from offhook.vocabulary.statuses import ConferenceStatus

Changes = tuple[ConferenceChanged, ...]

LAST_LEFT: Final = "last-participant-left"
LAST_KICKED: Final = "last-participant-kicked"
ENDING_LEFT: Final = "participant-with-end-conference-on-exit-left"
ENDING_KICKED: Final = "participant-with-end-conference-on-exit-kicked"
ENDED_BY_API: Final = "conference-ended-via-api"


class ConferenceFull(Exception):
    """It has as many participants as it may have."""


class Conference:
    """One conference, from its first participant to its end."""

    def __init__(self, facts: ConferenceFacts, *, least: int = 1) -> None:
        self.facts = facts
        self.participants: dict[CallSid, ParticipantFacts] = {}
        """In the order in which they came."""
        self._least = least
        self._sequence = 0

    @property
    def started(self) -> bool:
        """Whether participants hear each other."""
        return self.facts.status is ConferenceStatus.IN_PROGRESS

    @property
    def over(self) -> bool:
        """Whether it has ended; nothing changes it any more."""
        return self.facts.status is ConferenceStatus.COMPLETED

    def join(self, participant: ParticipantFacts, at: datetime, *, most: int) -> Changes:
        """Somebody comes. Raises ``ConferenceFull`` when ``most`` are there already."""
        if len(self.participants) >= most:
            raise ConferenceFull(f"{most} participants are in conference {self.facts.name!r} already")
        self.participants[participant.call_sid] = participant
        changes = [self._told(ConferenceMoment.JOIN, at, participant)]
        starts = any(one.start_on_enter for one in self.participants.values())
        if self.facts.status is ConferenceStatus.INIT and starts and len(self.participants) >= self._least:
            self.facts = replace(self.facts, status=ConferenceStatus.IN_PROGRESS, updated_at=at)
            changes.append(self._told(ConferenceMoment.START, at, participant))
        return tuple(changes)

    def leave(self, call_sid: CallSid, at: datetime, *, kicked: bool = False) -> Changes:
        """Somebody goes, or is made to; with the last one, or one who ends it, the conference is over."""
        participant = self.participants.pop(call_sid, None)
        if participant is None:
            return ()
        left = replace(participant, reason_left="kicked" if kicked else "left")
        changes = (self._told(ConferenceMoment.LEAVE, at, left),)
        if participant.end_on_exit and self.participants:
            return changes + self._end(at, ENDING_KICKED if kicked else ENDING_LEFT, left)
        if not self.participants:
            return changes + self._end(at, LAST_KICKED if kicked else LAST_LEFT, left)
        return changes

    def end(self, at: datetime) -> Changes:
        """Somebody outside ends it; all who are in it leave."""
        return () if self.over else self._end(at, ENDED_BY_API, None)

    def change(
        self,
        call_sid: CallSid,
        at: datetime,
        *,
        muted: bool | None = None,
        hold: bool | None = None,
        coaches: CallSid | None = None,
        coaching: bool | None = None,
        end_on_exit: bool | None = None,
    ) -> Changes:
        """What is not None of a participant becomes as said; what was so already changes nothing."""
        before = self.participants.get(call_sid)
        if before is None:
            return ()
        after = replace(
            before,
            muted=before.muted if muted is None else muted,
            hold=before.hold if hold is None else hold,
            coaching=before.coaching if coaching is None else coaching,
            coaches=before.coaches if coaches is None else coaches,
            end_on_exit=before.end_on_exit if end_on_exit is None else end_on_exit,
        )
        self.participants[call_sid] = after
        moments = []
        if after.muted is not before.muted:
            moments.append(ConferenceMoment.MUTE if after.muted else ConferenceMoment.UNMUTE)
        if after.hold is not before.hold:
            moments.append(ConferenceMoment.HOLD if after.hold else ConferenceMoment.UNHOLD)
        others = (after.coaching, after.coaches, after.end_on_exit)
        if others != (before.coaching, before.coaches, before.end_on_exit):
            moments.append(ConferenceMoment.MODIFY)
        return tuple(self._told(moment, at, after) for moment in moments)

    def speaks(self, call_sid: CallSid, at: datetime, *, speaking: bool) -> Changes:
        """A participant began or stopped to speak."""
        participant = self.participants.get(call_sid)
        if participant is None:
            return ()
        moment = ConferenceMoment.SPEECH_START if speaking else ConferenceMoment.SPEECH_STOP
        return (self._told(moment, at, participant),)

    def announced(self, at: datetime, *, url: str, to: CallSid | None = None, failure: str | None = None) -> Changes:
        """An announcement to all, or to one, has ended."""
        moment = ConferenceMoment.ANNOUNCEMENT_END if failure is None else ConferenceMoment.ANNOUNCEMENT_FAIL
        participant = None if to is None else self.participants.get(to)
        return (replace(self._told(moment, at, participant), announce_url=url, failure=failure),)

    def _end(self, at: datetime, reason: str, by: ParticipantFacts | None) -> Changes:
        rest = [replace(one, reason_left="conference ended") for one in self.participants.values()]
        self.participants.clear()
        changes = [self._told(ConferenceMoment.LEAVE, at, one) for one in rest]
        self.facts = replace(
            self.facts,
            status=ConferenceStatus.COMPLETED,
            updated_at=at,
            reason_ended=reason,
            ended_by=None if by is None else by.call_sid,
            ended_by_label=None if by is None else by.label,
        )
        changes.append(self._told(ConferenceMoment.END, at, by))
        return tuple(changes)

    def _told(self, moment: ConferenceMoment, at: datetime, participant: ParticipantFacts | None) -> ConferenceChanged:
        self._sequence += 1
        return ConferenceChanged(
            conference=self.facts, moment=moment, participant=participant, sequence=self._sequence, at=at
        )
