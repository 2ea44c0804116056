"""What a verb may touch: a record of ports, without methods. A new power is a new field with its own protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from offhook.calls.dialing import DialOutcome, DialRequest
from offhook.calls.events import CallFacts, StatusCallback
from offhook.media.commands import AudioSource
from offhook.rcml.download import Download
from offhook.rcml.outcome import Need, Outcome
from offhook.vocabulary.sids import RecordingSid

Sound = AudioSource | Download
"""What can be heard: all there, or on its way."""


class Dialect(Enum):
    """Whose defaults a document expects; the ``api_version`` of the call decides."""

    RESTCOMM = "2012-04-24"
    TWILIO = "2010-04-01"


class Line(Protocol):
    """The call itself."""

    @property
    def facts(self) -> CallFacts: ...

    @property
    def answered(self) -> bool: ...

    async def refuse(self, sip_code: int, reason: str) -> None:
        """End it before answer with this final response."""
        ...


class Media(Protocol):
    """Sound towards the caller. Methods raise ``VerbFailed``."""

    async def play(self, *sources: Sound, loop: int = 1, stop_on: str = "") -> None:
        """Play one after the other; loop 0 repeats until the call ends. A key of ``stop_on`` stops it and stays in ``Keys``."""
        ...

    async def send_digits(self, digits: str) -> None:
        """Send keys; ``w`` waits half a second, ``W`` a second."""
        ...

    async def echo(self) -> None:
        """Let the caller hear himself, until cancelled."""
        ...


class Voice(Protocol):
    """Text to sound."""

    async def say(self, text: str, *, language: str, voice: str) -> AudioSource:
        """Raises ``VerbFailed``."""
        ...


class AudioLibrary(Protocol):
    """Sound files at the application's URLs."""

    async def fetch(self, url: str) -> Sound:
        """``url`` may be relative to the present document's. Raises ``VerbFailed``."""
        ...


class Keys(Protocol):
    """Keys that the caller presses, each once, in order."""

    async def next(self, timeout: float) -> str | None:
        """The next key, or None after ``timeout`` seconds."""
        ...

    def flush(self) -> None:
        """Forget what was pressed so far."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """How a recording is to be made; times in milliseconds."""

    max_length: int
    silence: int
    finish_on: str
    beep: bool
    trim: bool
    callback: StatusCallback | None = None
    """Who hears of it; its events are of ``in-progress completed absent``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A recording that was made."""

    sid: RecordingSid | None
    """None when nothing was heard: there is no such recording."""
    url: str
    """Where the REST API serves it; empty when there is none."""
    duration: int
    """Milliseconds."""
    key: str | None
    """The key that ended it."""
    hung_up: bool
    """Whether the call's end (or a redirect) ended it."""


class Recorder(Protocol):
    """Records the caller."""

    @property
    def last(self) -> Captured | None:
        """What came of the last ``record``, also when it was cancelled."""
        ...

    async def record(self, capture: Capture) -> Captured:
        """Record until silence, a key, the maximum length, or the call's end. Raises ``VerbFailed``."""
        ...


class Dialer(Protocol):
    """Connects the caller with others."""

    @property
    def last(self) -> DialOutcome | None:
        """What came of the last ``dial``, also when it was cancelled."""
        ...

    async def dial(self, request: DialRequest) -> DialOutcome:
        """Ring, connect, and return when that is over."""
        ...

    def recording_url(self, sid: RecordingSid) -> str:
        """Where the REST API serves a recording of a dial."""
        ...


class Waiting(Protocol):
    """What a caller hears who waits for others."""

    async def wait(self, ctx: Context, url: str, method: str) -> None:
        """Let the caller hear the sound file or document at ``url``, over and over until cancelled."""
        ...

    async def sounds(self, ctx: Context, url: str, method: str) -> Sequence[AudioSource]:
        """What is to be heard at ``url``, once. Raises ``calls.conferences.entry.NotHeard``."""
        ...


class Notices(Protocol):
    """Notifications to the application's author. Bounded per call: a document in a loop cannot flood the store."""

    def error(self, code: int, message: str) -> None: ...

    def warning(self, code: int, message: str) -> None: ...


class Transcript(Protocol):
    """What the call's listeners read along."""

    def heard(self, what: str, text: str) -> None: ...


class Pace(Protocol):
    """Time."""

    def monotonic(self) -> float:
        """Seconds on a clock that never steps."""
        ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The ports of one call, as lent to the verbs of one document."""

    call: Line
    media: Media
    speech: Voice
    audio: AudioLibrary
    keys: Keys
    recorder: Recorder
    dialer: Dialer
    waiting: Waiting
    notices: Notices
    transcript: Transcript
    pace: Pace
    dialect: Dialect
    document_url: str | None = None
    """What relative URLs are relative to; None when the document came from no URL."""


class Verb(Protocol):
    """What the interpreter runs."""

    @property
    def needs(self) -> frozenset[Need]:
        """What the interpreter sees to before it runs the verb; a class variable where it is always the same."""
        ...

    async def run(self, ctx: Context) -> Outcome:
        """Do it. A hangup or a redirect cancels it."""
        ...


@runtime_checkable
class Prompt(Protocol):
    """A verb that can be part of a prompt, such as the menu of a <Gather>."""

    async def audio(self, ctx: Context) -> tuple[Sound, ...]:
        """What is to be heard, once. Raises ``VerbFailed``."""
        ...

    @property
    def loop(self) -> int:
        """How many times; 0 without end."""
        ...
