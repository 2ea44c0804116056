"""How a call enters a conference: plain data between ``rcml`` and the conference."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from offhook.calls.events import StatusCallback
from offhook.media.commands import AudioSource
from offhook.vocabulary.sids import CallSid

Entertain = Callable[[str, str], Coroutine[Any, Any, None]]
"""(URL, method): lets the call hear what is there, over and over, until cancelled. Tells its author of failures itself."""

Sounds = Callable[[str, str], Coroutine[Any, Any, Sequence[AudioSource]]]
"""(URL, method): what is there, to be heard once. Raises ``NotHeard``."""


class NotHeard(Exception):
    """There is nothing to be heard at a URL; the message says why, and its author was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceEntry:
    """One call's wish to be in a conference. What concerns the whole conference is taken from the one who makes it."""

    name: str
    """Within the account."""
    label: str | None = None
    """Another name of the participant, for the REST API and callbacks."""
    muted: bool = False
    beep_on_enter: bool = True
    beep_on_exit: bool = True
    start_on_enter: bool = True
    """Whether the conference starts with it; without, it waits for somebody who starts it."""
    end_on_exit: bool = False
    """Whether the conference ends when it leaves."""
    coaches: CallSid | None = None
    """The participant who alone hears it."""
    most: int = 40
    """Participants; a call that would be one more does not enter."""
    least: int = 1
    """Participants that there must be before the conference starts."""
    record: bool = False
    status_callback: StatusCallback | None = None
    """Where the conference reports; its events are subscription words such as ``start``."""
    wait_url: str | None = None
    """What is heard until the conference starts; None: the server's own, empty: nothing."""
    wait_method: str = "POST"
    entertain: Entertain | None = field(default=None, compare=False)
    """Makes a URL heard; None where there is nobody who can."""
    sounds: Sounds | None = field(default=None, compare=False)
    """Fetches what is announced; None where there is nobody who can."""
