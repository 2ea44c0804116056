"""Parameters of recordings: how a call is to be recorded, and what is to become of a recording under way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from offhook.api import checks
from offhook.api.errors import BadParameter, Code
from offhook.api.wire.forms import parameter
from offhook.calls.control import RecordingChange
from offhook.calls.events import StatusCallback
from offhook.calls.recording import RecordingOrder
from offhook.media.recording import Track

_EVENTS: Final = frozenset({"in-progress", "completed", "absent"})


class Channels(StrEnum):
    """How many channels a recording has."""

    MONO = "mono"
    DUAL = "dual"


class Trim(StrEnum):
    """What is done with silence at both ends."""

    TRIM = "trim-silence"
    KEEP = "do-not-trim"


@dataclass(frozen=True, kw_only=True)
class RecordingForm:
    """How a call is to be recorded."""

    recording_channels: Channels = parameter(
        "mono (the default), or dual: what the far end says first, what it hears second.", default=Channels.MONO
    )
    recording_track: Track = parameter(
        "inbound: what the far end says; outbound: what it hears; both (the default).", default=Track.BOTH
    )
    recording_status_callback: str | None = parameter(
        "URL that hears of the recording.", default=None, invalid=Code.BAD_STATUS_CALLBACK, check=checks.web_url
    )
    recording_status_callback_method: str | None = parameter(
        "GET or POST (the default).", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )
    recording_status_callback_event: tuple[str, ...] = parameter(
        "Of in-progress, completed (the default), absent; repeated, or separated by spaces or commas.", default=()
    )
    trim: Trim = parameter("trim-silence cuts silence at both ends; do-not-trim is the default.", default=Trim.KEEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecording(RecordingForm):
    """Parameters of a new recording of a call in progress."""


class NewStatus(StrEnum):
    """What a recording can be told to become."""

    PAUSED = "paused"
    IN_PROGRESS = "in-progress"
    STOPPED = "stopped"


class Pause(StrEnum):
    """What becomes of the time of a pause."""

    SKIP = "skip"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRecording:
    """Parameters of a change of a recording under way."""

    status: NewStatus = parameter("paused, in-progress (it goes on) or stopped.")
    pause_behavior: Pause = parameter(
        "skip leaves the time of the pause out; silence (the default) records silence.", default=Pause.SILENCE
    )


def order_of(form: RecordingForm, *, source: str, seconds: int = 86_400) -> RecordingOrder:
    """What a form asks for. Raises ``BadParameter``."""
    wrong = sorted(set(form.recording_status_callback_event) - _EVENTS)
    if wrong:
        known = ", ".join(sorted(_EVENTS))
        message = f"Parameter RecordingStatusCallbackEvent {wrong[0][:40]!r} is not one of {known}"
        raise BadParameter(Code.BAD_STATUS_CALLBACK, message)
    callback = None
    if form.recording_status_callback:
        callback = StatusCallback(
            url=form.recording_status_callback,
            method=form.recording_status_callback_method or "POST",
            events=frozenset(form.recording_status_callback_event) or frozenset({"completed"}),
        )
    return RecordingOrder(
        source=source,
        track=form.recording_track,
        channels=2 if form.recording_channels is Channels.DUAL else 1,
        max_length=seconds * 1000,
        trim=form.trim is Trim.TRIM,
        callback=callback,
    )


def change_of(form: UpdateRecording) -> RecordingChange:
    """What a form asks for."""
    match form.status:
        case NewStatus.STOPPED:
            return RecordingChange.STOP
        case NewStatus.IN_PROGRESS:
            return RecordingChange.RESUME
        case NewStatus.PAUSED if form.pause_behavior is Pause.SKIP:
            return RecordingChange.PAUSE_SKIP
        case NewStatus.PAUSED:
            return RecordingChange.PAUSE_SILENCE
