"""One subscription as its notifier keeps it (RFC 6665 section 4.2): a usage of a dialog, until it ends for a stated reason.

A machine without timers: ``notifying`` arms them and sends what comes out. One NOTIFY is on its way at a time; those that
tell a state wait in one place, where a newer takes that of an older, and those that tell steps wait in order.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from offhook.sip.dialog import Dialog
from offhook.sip.events import SubscriptionHandle
from offhook.sip.packages import EventName, Render, Termination
from offhook.sip.timers import Timer

MAX_STEPS: Final = 8
"""Notifications that may wait for the far end's answer; the oldest is dropped for a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A NOTIFY to be sent."""

    state: str
    """Value of Subscription-State."""
    content_type: str
    body: bytes
    last: bool


class Subscription:
    """One subscription."""

    def __init__(
        self, handle: SubscriptionHandle, dialog: Dialog, event: EventName, *, expires_at: float, steps: bool
    ) -> None:
        """``steps``: every notification counts, as of a referred call; else only the newest, as of a state."""
        self.handle = handle
        self.dialog = dialog
        self.event = event
        self.expires_at = expires_at
        self.timer: Timer | None = None
        self.termination: Termination | None = None
        self.fetch = False
        """Whether it ends with its first NOTIFY."""
        self._waiting: deque[tuple[str, Render]] = deque(maxlen=MAX_STEPS if steps else 1)
        self._shown: tuple[str, Render] | None = None
        self._bodies = 0
        self._under_way = False
        self._owes_last = False

    @property
    def over(self) -> bool:
        """Whether nothing more will be sent."""
        return self.termination is not None and not self._owes_last and not self._under_way

    def tell(self, content_type: str, render: Render) -> None:
        """Have something to notify of."""
        if self.termination is None:
            self._shown = content_type, render
            self._waiting.append(self._shown)

    def repeat(self) -> None:
        """A refresh: tell the present state again (RFC 6665 section 4.2.1.2)."""
        if not self._waiting and self._shown is not None:
            self._waiting.append(self._shown)

    def end(self, reason: Termination) -> None:
        """End it with a last NOTIFY, once."""
        if self.termination is None:
            self.termination = reason
            self._owes_last = True

    def lost(self) -> None:
        """The subscriber is gone: end it in silence."""
        self.termination = self.termination or Termination.TIMEOUT
        self._owes_last = self._under_way = False
        self._waiting.clear()

    def next(self, now: float) -> Notification | None:
        """What to send now; None while a NOTIFY is on its way or nothing is to be told."""
        if self._under_way or not (self._waiting or self._owes_last):
            return None
        self._under_way = True
        content_type, body = "", b""
        shown = self._waiting.popleft() if self._waiting else self._repeated()
        if shown is not None:
            content_type, body = shown[0], shown[1](self._bodies)
            self._bodies += 1
        last = self.termination is not None and not self._waiting
        self._owes_last = self._owes_last and not last
        if last and self.termination is not None:
            return Notification(
                state=f"terminated;reason={self.termination.value}", content_type=content_type, body=body, last=True
            )
        left = max(0, round(self.expires_at - now))
        return Notification(state=f"active;expires={left}", content_type=content_type, body=body, last=False)

    def delivered(self) -> None:
        """The NOTIFY on its way was answered."""
        self._under_way = False

    def _repeated(self) -> tuple[str, Render] | None:
        """The last NOTIFY tells the state once more: some subscribers read no NOTIFY without a body."""
        return self._shown
