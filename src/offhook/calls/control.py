"""The port through which the REST API makes and changes calls. ``switchboard`` implements it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from offhook.calls.events import CallFacts, StatusCallback
from offhook.calls.machine_detection import MachineDetection
from offhook.calls.script import Application
from offhook.calls.surroundings import Plan
from offhook.media.events import Statistics
from offhook.vocabulary.sids import AccountSid, ApplicationSid, CallSid


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
    record: bool = False
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
