"""What a call is made of besides itself: what every call of a node shares, and what shall become of this one."""

from __future__ import annotations

from dataclasses import dataclass

from offhook.calls.directory import ClientEntry
from offhook.calls.events import EventLog
from offhook.calls.machine_detection import MachineDetection
from offhook.calls.recording import RecordingOrder, RecordingPaths
from offhook.calls.script import Application, Script
from offhook.calls.settings import CallSettings
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import SidSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every call of a node shares."""

    settings: CallSettings
    script: Script
    events: EventLog
    clock: Clock
    sids: SidSource
    recordings: RecordingPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What shall become of a call."""

    application: Application | None = None
    """What runs once it is answered (or rings, if it came in); None waits to be linked or redirected."""
    ring_timeout: float = 60.0
    """Seconds that an outgoing call may ring."""
    time_limit: float = 14_400.0
    """Seconds from answer to end."""
    send_digits: str = ""
    record: RecordingOrder | None = None
    """Record it from the answer on."""
    machine_detection: MachineDetection | None = None
    """How to find out who answered, when somebody wants to know."""
    client: ClientEntry | None = None
    """The client at the far end, when it has proved to be one."""
