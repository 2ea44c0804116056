"""A conference that is live: its machine, its room in the media engine, and a seat for each call.

Nobody's task belongs to it. Each call sits in the conference from the task of its own verb and moves its own media; the
conference is changed by plain calls, and tells the seats to look again.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

import structlog

from offhook.calls.conferences.conference import Changes, Conference
from offhook.calls.conferences.entry import ConferenceEntry, NotHeard
from offhook.calls.conferences.seat import Place, Seat
from offhook.calls.events import CallFacts, ConferenceFacts, ParticipantFacts, RecordingStarted
from offhook.calls.recording import LiveRecording
from offhook.calls.surroundings import Surroundings
from offhook.media.commands import AudioFile, Tone
from offhook.media.membership import Membership
from offhook.media.operation import MediaFailed
from offhook.media.recording import Track
from offhook.media.room import Room
from offhook.vocabulary.sids import CallSid, RecordingSid

log = structlog.get_logger(__name__)

ENTRY, EXIT = Tone(frequencies=(660.0,), on=200, level=-20.0), Tone(frequencies=(440.0,), on=200, level=-20.0)
"""What is heard when somebody comes and goes, unless a sound file is set."""
RECORDING_SOURCE = "Conference"


class Spawner(Protocol):
    """Runs what belongs to no call."""

    def __call__(self, work: Coroutine[Any, Any, None], name: str) -> None: ...


class LiveConference:
    """One conference. ``ended`` is called once, when it is over."""

    def __init__(
        self, facts: ConferenceFacts, entry: ConferenceEntry, room: Room, around: Surroundings, spawn: Spawner
    ) -> None:
        """As ``entry``, that of its first participant, wants it to be."""
        self.room = room
        self._machine = Conference(facts, least=entry.least)
        self._record = entry.record
        self._around = around
        self._spawn = spawn
        self._seats: dict[CallSid, Seat] = {}
        self._recording: LiveRecording | None = None

    @property
    def facts(self) -> ConferenceFacts:
        return self._machine.facts

    @property
    def over(self) -> bool:
        """Whether it has ended; another one may have its name."""
        return self._machine.over

    @property
    def participants(self) -> Sequence[ParticipantFacts]:
        """In the order in which they came."""
        return tuple(self._machine.participants.values())

    def participant(self, name: str) -> ParticipantFacts | None:
        """By the sid of the call, or by label."""
        found = self._machine.participants.get(CallSid(name))
        return found or next((one for one in self.participants if one.label == name), None)

    # From the tasks of calls

    def sit(self, seat: Seat) -> None:
        """A call comes in. Raises ``ConferenceFull``."""
        entry, now = seat.entry, self._around.clock.utc()
        facts = ParticipantFacts(
            call_sid=seat.call.facts.sid,
            label=entry.label,
            muted=entry.muted,
            coaching=entry.coaches is not None,
            coaches=entry.coaches,
            start_on_enter=entry.start_on_enter,
            end_on_exit=entry.end_on_exit,
            joined_at=now,
        )
        was_started = self._machine.started
        changes = self._machine.join(facts, now, most=min(entry.most, self._around.settings.conference_participants))
        self._seats[facts.call_sid] = seat
        seat.sat = True
        seat.call.media.on_speaking = lambda speaking: self._speaks(facts.call_sid, speaking)
        self._tell(changes)
        seat.beeps = was_started and entry.beep_on_enter

    def leave(self, seat: Seat) -> None:
        """A call goes, for whatever reason. Whoever is left may hear it."""
        sid = seat.call.facts.sid
        if self._seats.pop(sid, None) is None:
            return
        seat.call.media.on_speaking = None
        heard = seat.place is Place.ROOM
        self._tell(self._machine.leave(sid, self._around.clock.utc(), kicked=seat.kicked))
        if heard and seat.entry.beep_on_exit and not self.over:
            self.beep(self._around.settings.conference_exit_sound, EXIT)

    def place(self, seat: Seat) -> Place:
        """Where a call has to be now."""
        facts = self._machine.participants.get(seat.call.facts.sid)
        if facts is None:
            return Place.OUTSIDE
        if facts.hold:
            return Place.HOLD
        return Place.ROOM if self._machine.started else Place.LOBBY

    def membership(self, seat: Seat) -> Membership:
        """What a call may in the room. Whoever coaches somebody who is not there is heard by nobody, and so is a phone that
        has put the conference on hold: its music is for nobody.
        """
        facts = self._machine.participants.get(seat.call.facts.sid)
        if facts is None or facts.hold:
            return Membership(muted=True, deaf=True)
        coached = None if not facts.coaching or facts.coaches is None else self._seats.get(facts.coaches)
        callback = self.facts.status_callback
        return Membership(
            muted=facts.muted or seat.call.held or (facts.coaching and coached is None),
            coaches=None if coached is None else coached.call.media.id,
            level=self._around.settings.conference_leveling,
            reports=callback is not None and "speaker" in callback.events,
        )

    def entered(self, seat: Seat) -> None:
        """A call is in the room now: the others may hear that, and a recording begins with the first."""
        if seat.beeps:
            seat.beeps = False
            self.beep(self._around.settings.conference_entry_sound, ENTRY)
        if self._record and self._recording is None:
            self._begin_recording(seat.call.facts)

    def beep(self, path: str, tone: Tone) -> None:
        """Let all hear a sound."""
        self.room.announce(AudioFile(path=path) if path else tone)

    # From outside

    def change(
        self,
        sid: CallSid,
        *,
        muted: bool | None = None,
        hold: bool | None = None,
        hold_url: str | None = None,
        hold_method: str = "POST",
        coaching: bool | None = None,
        coaches: CallSid | None = None,
        end_on_exit: bool | None = None,
    ) -> ParticipantFacts | None:
        """Change what is not None of a participant; None when there is no such."""
        if hold and (seat := self._seats.get(sid)) is not None:
            seat.hold_music = hold_url, hold_method
        self._tell(
            self._machine.change(
                sid,
                self._around.clock.utc(),
                muted=muted,
                hold=hold,
                coaching=coaching,
                coaches=coaches,
                end_on_exit=end_on_exit,
            )
        )
        return self._machine.participants.get(sid)

    def kick(self, sid: CallSid) -> bool:
        """Make a participant leave; its call goes on with what follows. False when there is no such."""
        seat = self._seats.get(sid)
        if seat is None:
            return False
        seat.kicked = True
        self.leave(seat)
        seat.look()
        return True

    def end(self) -> None:
        """Make all leave."""
        self._tell(self._machine.end(self._around.clock.utc()))

    def announce(self, url: str, method: str, to: CallSid | None = None) -> None:
        """Let all, or one of them, hear once what is at ``url``; events tell what came of it."""
        self._spawn(self._announce(url, method, to), f"announcement in {self.facts.sid}")

    async def _announce(self, url: str, method: str, to: CallSid | None) -> None:
        failure = None
        try:
            seat = self._seats.get(to) if to is not None else next(iter(self._seats.values()), None)
            if seat is None or seat.entry.sounds is None:
                raise NotHeard("nobody is there who could fetch it")
            sources = await seat.entry.sounds(url, method)
            if to is None:
                await self.room.announce(*sources).result()
            else:
                await seat.hear(*sources)
        except (MediaFailed, NotHeard) as failed:
            failure = str(failed)
        if not self.over:
            self._tell(self._machine.announced(self._around.clock.utc(), url=url, to=to, failure=failure))

    # Within

    def _speaks(self, sid: CallSid, speaking: bool) -> None:
        self._tell(self._machine.speaks(sid, self._around.clock.utc(), speaking=speaking))

    def _tell(self, changes: Changes) -> None:
        """Publish what happened, and let the seats look where they are to be now."""
        for change in changes:
            self._around.events.publish(change)
        if not changes:
            return
        if self.over:
            log.info("conference_ended", conference=self.facts.sid, reason=self.facts.reason_ended)
            self._finish_recording()
        for seat in tuple(self._seats.values()):
            seat.look()

    def _begin_recording(self, call: CallFacts) -> None:
        around = self._around
        sid = RecordingSid(around.sids("recording"))
        try:
            path = around.recordings(sid)
            operation = self.room.start_record(path)
        except (MediaFailed, OSError) as failure:
            log.warning("recording_not_started", conference=self.facts.sid, reason=str(failure))
            return
        started = RecordingStarted(
            sid=sid,
            account_sid=call.account_sid,
            call_sid=call.sid,
            api_version=call.api_version,
            path=path,
            channels=1,
            track=Track.BOTH,
            source=RECORDING_SOURCE,
            at=around.clock.utc(),
        )
        self._recording = LiveRecording(started, operation, around.events, around.clock)

    def _finish_recording(self) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            self._spawn(_stopped(recording), f"recording of {self.facts.sid}")


async def _stopped(recording: LiveRecording) -> None:
    await recording.stop()
