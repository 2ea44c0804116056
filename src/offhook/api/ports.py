"""What the API is given by node.py: everything that a request may touch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from offhook.api.lockout import Lockout
from offhook.api.settings import ApiSettings
from offhook.api.transcripts import Transcripts
from offhook.blobs.recordings import RecordingFiles
from offhook.calls.conferences.conferences import Conferences
from offhook.calls.control import CallControl, RecordingControl
from offhook.calls.events import CallFacts, EventLog
from offhook.calls.legs.trial import Trial
from offhook.calls.trunks.live import Trunks
from offhook.security.passwords import Passwords
from offhook.security.secrets import Keyring
from offhook.sip.bans import BanControl
from offhook.sip.capture.ladder import CallLadder
from offhook.store.session import Database
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import SidSource


class Ladders(Protocol):
    """What passed between us and the far ends of calls; ``ops`` keeps it."""

    def of(self, facts: CallFacts) -> CallLadder | None:
        """Of a call, of those that it rang and of the one that rang it; None when nothing is kept."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The API's view of the node."""

    settings: ApiSettings
    database: Database
    calls: CallControl
    conferences: Conferences
    live_recordings: RecordingControl
    bans: BanControl
    trunks: Trunks
    """How trunks and gateways are now."""
    trial: Trial
    """Tests trunks."""
    events: EventLog
    """Waited on before records are read, so that a client reads what it has caused."""
    transcripts: Transcripts
    ladders: Ladders
    recordings: RecordingFiles
    passwords: Passwords
    keyring: Keyring
    lockout: Lockout
    clock: Clock
    sids: SidSource
    directory_changed: Callable[[], None]
    """Called after numbers, applications, clients, trunks, routes or accounts have changed: forget what was looked up."""
    version: str
