"""The port through which the REST API makes and changes calls. ``switchboard`` implements it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from offhook.calls.events import CallFacts, StatusCallback
from offhook.calls.machine_detection import MachineDetection
from offhook.calls.recording import RecordingOrder
from offhook.calls.script import Application
from offhook.calls.surroundings import Plan
from offhook.media.events import Statistics
from offhook.vocabulary.sids import AccountSid, ApplicationSid, CallSid, RecordingSid


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrder:
    """A call to be made: ring ``to``, and run ``application`` once it is answered."""

    account_sid: AccountSid
    to: str
    """A number, ``client:NAME`` or ``sip:user@host``, each with an optional ``?X-Header=value&…`` suffix."""
    from_: str
    application: Application
    application_sid: ApplicationSid | None = None
    api_version: str = "2012-04-24"
    timeout: float = 60.0
    """Seconds of ringing."""
    time_limit: float = 14_400.0
    send_digits: str = ""
    """Keys sent once answered; ``w`` 0.5 s, ``W`` 1 s."""
    sip_username: str | None = None
    sip_password: str | None = None
    status_callback: StatusCallback | None = None
    record: RecordingOrder | None = None
    """Record it from the answer on."""
    machine_detection: MachineDetection | None = None
    """Whether and how to find out who answered."""

    @property
    def plan(self) -> Plan:
        """What shall become of the call."""
        return Plan(
            application=self.application,
            ring_timeout=self.timeout,
            time_limit=self.time_limit,
            send_digits=self.send_digits,
            record=self.record,
            machine_detection=self.machine_detection,
        )


class CallRefused(Exception):
    """The order or change cannot be carried out; ``code`` is the error code clients test for (see vocabulary)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class CallControl(Protocol):
    """Live calls. Only of this node; the caller has checked that the account may."""

    async def place(self, order: CallOrder) -> CallFacts:
        """Start a call; returns when its row is durable, status ``queued``. Raises ``CallRefused``."""
        ...

    async def callable(self, number: str, account_sid: AccountSid) -> str:
        """``number`` in international form, if the account may call it. Raises ``CallRefused``."""
        ...

    def live(self, sid: CallSid) -> CallFacts | None:
        """The present state of a live call; None when it is not live here."""
        ...

    async def quality(self, sid: CallSid) -> Statistics | None:
        """What a live call has seen of its line so far; None when it is not live here."""
        ...

    def live_calls(self, account_sid: AccountSid | None = None) -> Sequence[CallFacts]: ...

    async def redirect(self, sid: CallSid, application: Application) -> CallFacts:
        """Stop the verb in progress and run ``application``. Raises ``CallRefused(21220)`` when not in progress."""
        ...

    async def hangup(self, sid: CallSid) -> CallFacts:
        """End the call (``Status=completed``); returns when it has ended, or after five seconds."""
        ...

    async def cancel(self, sid: CallSid) -> CallFacts:
        """End it only while queued or ringing (``Status=canceled``). Raises ``CallRefused(21220)`` otherwise."""
        ...


class RecordingChange(Enum):
    """What can be done to a recording under way."""

    PAUSE_SKIP = auto()
    """Leave out the time until it goes on."""
    PAUSE_SILENCE = auto()
    """Record silence until it goes on."""
    RESUME = auto()
    STOP = auto()


class RecordingControl(Protocol):
    """Recordings of live calls of this node; the caller has checked that the account may."""

    def start(self, call_sid: CallSid, order: RecordingOrder) -> RecordingSid:
        """Begin one. Raises ``CallRefused(21220)`` when the call is not in progress."""
        ...

    async def change(self, call_sid: CallSid, sid: RecordingSid | None, change: RecordingChange) -> RecordingSid:
        """Change one, with None the one that began last. Raises ``CallRefused(21220)`` when it is not under way."""
        ...
