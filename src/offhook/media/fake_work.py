"""What the twin engine does for each kind of command: it waits as long as the native engine would, and notes what is heard."""

from __future__ import annotations

from collections.abc import Callable

from offhook.media.commands import Bridge, SendDigits
from offhook.media.events import Done
from offhook.media.fake_detect import key_tone
from offhook.media.fake_line import Line, Relayed
from offhook.media.fake_stage import Stage

RELAYED = 100
"""Milliseconds of a key that a bridge relays as a tone."""
WAITS = {"w": 500, "W": 1000}


class Bridging:
    def __init__(self, stage: Stage, a: Line, b: Line, command: Bridge) -> None:
        self.sessions = (command.a, command.b)
        self._stage, self._a, self._b = stage, a, b
        self._hushed = [a.hears(Relayed(session=b.session))]
        if a is not b:
            self._hushed.append(b.hears(Relayed(session=a.session)))

    def stop(self) -> None:
        for hushed in self._hushed:
            hushed()

    def key(self, digit: str) -> None:
        pass

    def relay(self, origin: Line, digit: str, *, toned: bool) -> None:
        """A key of one end reaches the other in the way that it knows; ``toned`` was heard by it already, as it came."""
        other = self._b if origin is self._a else self._a
        if other.connection is None or other.connection.dtmf_signalled:
            return
        if other.sends_keys:
            other.keys.append(digit)
        elif not toned:
            self._stage.at(self._stage.now() + RELAYED, other.hears(key_tone(digit, RELAYED)))


class Dialling:
    """Keys towards the far end, as RFC 4733 events or, where it does not know them, as tones."""

    def __init__(self, stage: Stage, line: Line, command: SendDigits) -> None:
        self.sessions = (command.session,)
        self._stage, self._line, self._command = stage, line, command
        self._hushed: Callable[[], None] = lambda: None
        self._next(0)

    def stop(self) -> None:
        self._hushed()
        self._timer.cancel()

    def key(self, digit: str) -> None:
        pass

    def _next(self, index: int) -> None:
        if index == len(self._command.digits):
            self._stage.finish(self._command.id, Done())
            return
        key = self._command.digits[index]
        wait = WAITS.get(key)
        if wait is None:
            wait = self._command.on + self._command.off
            if self._line.sends_keys:
                self._line.keys.append(key)
            else:
                self._hushed = self._line.hears(key_tone(key, self._command.on))
        self._timer = self._stage.at(self._stage.now() + wait, lambda: self._after(index))

    def _after(self, index: int) -> None:
        self._hushed()
        self._hushed = lambda: None
        self._next(index + 1)
