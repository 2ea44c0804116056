"""The noun <Conference> of <Dial>: all calls of the account that dial the same name hear each other."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated, Final

from offhook.calls.conferences.entry import ConferenceEntry
from offhook.calls.events import StatusCallback
from offhook.rcml.context import Context, Dialect
from offhook.rcml.errors import Code, VerbFailed
from offhook.rcml.outcome import Method
from offhook.rcml.schema import Also, Between, Matching, Text, Url, noun
from offhook.rcml.urls import resolve
from offhook.vocabulary.sids import CallSid

NAME_LIMIT: Final = 128
_MOST: Final = {Dialect.RESTCOMM: 40, Dialect.TWILIO: 250}
_LEAST: Final = {Dialect.RESTCOMM: 1, Dialect.TWILIO: 2}
"""Participants that there must be before it starts: one dialect lets the first one wait for the second."""


class Beep(StrEnum):
    """When the others hear a sound."""

    BOTH = "true"
    NEVER = "false"
    ON_ENTER = "onEnter"
    ON_EXIT = "onExit"


class ConferenceRecording(StrEnum):
    """``record`` of <Conference>."""

    NO = "do-not-record"
    FROM_START = "record-from-start"


class ConferenceEvent(StrEnum):
    """What a conference can report."""

    START = "start"
    END = "end"
    JOIN = "join"
    LEAVE = "leave"
    MUTE = "mute"
    HOLD = "hold"
    MODIFY = "modify"
    SPEAKER = "speaker"
    ANNOUNCEMENT = "announcement"


_RECORD_SPELLINGS: Final = {"true": ConferenceRecording.FROM_START, "false": ConferenceRecording.NO}
Label = Annotated[str, Matching(r"\S.{0,127}", "a label of at most 128 characters")]


@noun
class Conference:
    """A conference: all calls of the account that dial the same name hear each other. It takes the place of all other nouns."""

    name: Text = ""
    """Its name within the account, at most 128 characters."""
    muted: bool = False
    """Whether the caller only listens."""
    beep: Beep = Beep.BOTH
    """When the others hear a sound: as the caller enters and exits, only ``onEnter``, only ``onExit``, or never."""
    start_conference_on_enter: bool = True
    """Whether the conference starts with the caller. Until somebody starts it, all hear music and not each other."""
    end_conference_on_exit: bool = False
    """Whether the conference ends for all when the caller leaves it."""
    wait_url: str | None = None
    """What is heard until the conference starts and while the caller is held: a sound file, or a document of Say, Play, Pause and
    Redirect, over and over. Empty: silence. Absent: ``calls.hold_music``, or a quiet sound now and then."""
    wait_method: Method = Method.POST
    """How it is asked."""
    max_participants: Annotated[int, Between(1, 10_000)] | None = None
    """Participants; a caller who would be one more goes on with the next verb. 40 when absent, 250 under the version 2010-04-01;
    never more than ``calls.conference_participants``."""
    record: Annotated[ConferenceRecording, Also(_RECORD_SPELLINGS)] = ConferenceRecording.NO
    """Whether all that is said is recorded, from the start of the conference to its end. The first caller decides."""
    coach: Annotated[str, Matching(r"CA[0-9a-f]{32}", "the sid of a call")] | None = None
    """The call that alone hears the caller; the caller hears all."""
    participant_label: Label | None = None
    """Another name of the caller, for the REST API and callbacks."""
    status_callback: Url | None = None
    """Where the conference reports; the first caller decides."""
    status_callback_method: Method = Method.POST
    """How it reports."""
    status_callback_event: frozenset[ConferenceEvent] = frozenset()
    """What it reports, separated by blanks or commas."""

    def entry(self, ctx: Context, *, record: bool) -> ConferenceEntry:
        """The wish to enter; ``record`` is that of the <Dial>. Raises ``VerbFailed``."""
        name = self.name.strip()
        if not name or len(name) > NAME_LIMIT:
            raise VerbFailed(
                f"<Conference>: a name has 1 to {NAME_LIMIT} characters, not {len(name)}", Code.DIAL_NOT_CONNECTED
            )
        callback = None
        if self.status_callback is not None and self.status_callback_event:
            callback = StatusCallback(
                url=resolve(ctx.document_url, self.status_callback),
                method=self.status_callback_method.value,
                events=frozenset(event.value for event in self.status_callback_event),
            )
        return ConferenceEntry(
            name=name,
            label=self.participant_label,
            muted=self.muted,
            beep_on_enter=self.beep in (Beep.BOTH, Beep.ON_ENTER),
            beep_on_exit=self.beep in (Beep.BOTH, Beep.ON_EXIT),
            start_on_enter=self.start_conference_on_enter,
            end_on_exit=self.end_conference_on_exit,
            coaches=None if self.coach is None else CallSid(self.coach),
            most=_MOST[ctx.dialect] if self.max_participants is None else self.max_participants,
            least=_LEAST[ctx.dialect],
            record=record or self.record is ConferenceRecording.FROM_START,
            status_callback=callback,
            wait_url=resolve(ctx.document_url, self.wait_url) if self.wait_url else self.wait_url,
            wait_method=self.wait_method.value,
            entertain=partial(ctx.waiting.wait, ctx),
            sounds=partial(ctx.waiting.sounds, ctx),
        )
