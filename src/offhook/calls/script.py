"""The port through which a call runs a script (an RCML document), and what the call lends to it.

``calls`` sits below ``rcml``: the switchboard is given a ``Script`` and starts it; ``rcml.script`` implements it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from offhook.calls.dialing import DialOutcome, DialRequest
from offhook.calls.events import CallEvent, CallFacts
from offhook.calls.recording import LiveRecording, RecordingOrder
from offhook.media.session import MediaSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What runs a call: a URL to ask, or a document at hand; with the fallback for the first request."""

    url: str | None = None
    method: str = "POST"
    document: str | None = None
    fallback_url: str | None = None
    fallback_method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class HungUp:
    """The call is over; only verbs that need neither call nor media may still run."""

    by_far_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirected:
    """Somebody (the REST API) wants the call to run something else from now on."""

    application: Application


Interruption = HungUp | Redirected


class ScriptCall(Protocol):
    """What a running call offers to its script."""

    @property
    def facts(self) -> CallFacts: ...

    @property
    def application(self) -> Application:
        """What to run first."""
        ...

    @property
    def media(self) -> MediaSession:
        """Valid once answered."""
        ...

    @property
    def answered(self) -> bool: ...

    async def answer(self) -> None:
        """Answer if not yet answered (the CallCreated row is durable before the 200 goes out)."""
        ...

    async def refuse(self, sip_code: int, reason: str) -> None:
        """End it before answer with this final response."""
        ...

    async def hangup(self, reason: str = "") -> None:
        """End the call normally."""
        ...

    async def interruption(self) -> Interruption:
        """Wait for the next interruption. Only the interpreter calls this; a HungUp is returned for ever after."""
        ...

    async def dial(self, request: DialRequest) -> DialOutcome:
        """Ring others and connect the first who answers; returns when that is over. Cancelling it drops the far legs."""
        ...

    async def digit(self) -> str:
        """The next key (RTP or INFO), in order, each once; bounded buffer of 64, older keys are dropped."""
        ...

    def flush_digits(self) -> None:
        """Forget keys that were not asked for yet."""
        ...

    def start_recording(self, order: RecordingOrder) -> LiveRecording:
        """Begin to record the call. Raises ``MediaFailed``."""
        ...

    def publish(self, event: CallEvent) -> None: ...


class Script(Protocol):
    """Runs one call from its first document to the end. Must return soon after ``HungUp``."""

    async def run(self, call: ScriptCall) -> None: ...


Headers = Sequence[tuple[str, str]]
