"""A registration of ours at a registrar (RFC 3261 §10.2): when the next REGISTER is due, where, and what its answer means.

A machine without clock and sockets: ``begin`` at ``deadline``, then ``answered``. Several registrars stand for one carrier: one
that gives no answer is passed over for the next; when none does, attempts become rarer (RFC 5626 §4.5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SHORTEST: Final = 30
"""Seconds: a registrar that grants less is refreshed as if it granted so much."""
LONGEST: Final = 86_400
"""Seconds: a registrar that demands more is not believed."""
_FIRST_PAUSE: Final = 30.0
_LONGEST_PAUSE: Final = 1800.0
_STEP: Final = 4
"""Of CSeq, so that a request has room for the answers to its challenges."""


class RegistrationState(StrEnum):
    """Where a registration stands."""

    TRYING = "trying"
    REGISTERED = "registered"
    FAILED = "failed"
    """Refused or unanswered; it is tried again."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A REGISTER to be sent."""

    registrar: str
    """SIP URI."""
    expires: int
    cseq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for it."""

    code: int | None
    """Final status; None: nothing came."""
    reason: str = ""
    """In plain words, when nothing came."""
    expires: int | None = None
    """Seconds granted; None where the registrar did not say."""
    min_expires: int | None = None
    """Of a 423."""
    retry_after: float | None = None


class Registration:
    """One address at one carrier."""

    def __init__(
        self, registrars: Sequence[str], *, expires: int, random_bits: Callable[[int], int], now: float
    ) -> None:
        """``registrars``: at least one, the first choice first. ``expires``: seconds to ask for."""
        self.state = RegistrationState.TRYING
        self.reason = ""
        """Why it failed, or why the last attempt did; in plain words."""
        self.registrar = ""
        """Where it stands, or stood last."""
        self.until = now
        """When it ends unless it is refreshed."""
        self._registrars = tuple(registrars)
        self._wanted = expires
        self._random_bits = random_bits
        self._due: float | None = now
        self._index = 0
        self._failures = 0
        self._pause = 0.0
        self._cseq = 0
        self._raised = False

    def deadline(self) -> float | None:
        """When the next REGISTER is to be sent; None while one is on its way, and after the end."""
        return self._due

    def begin(self) -> Attempt:
        """The REGISTER that is due."""
        self._due = None
        self._cseq += _STEP
        return Attempt(registrar=self._registrars[self._index], expires=self._wanted, cseq=self._cseq)

    def answered(self, answer: Answer, now: float) -> None:
        """Take what came of it."""
        if self.state is RegistrationState.ENDED:
            return
        code = answer.code
        if code is not None and 200 <= code < 300:
            self._registered(answer, now)
        elif code == 423 and not self._raised and self._wanted < (answer.min_expires or 0) <= LONGEST:
            self._wanted, self._raised = int(answer.min_expires or 0), True
            self._due = now
        elif code is None or code == 408 or code >= 500:
            self._pass_over(answer, now)
        else:
            self._failed(f"{self._registrars[self._index]} answers {code}", answer.retry_after, now)

    def end(self) -> Attempt | None:
        """No more; gives the REGISTER that takes the binding away, where there is one."""
        registered = self.state is RegistrationState.REGISTERED
        self.state, self._due = RegistrationState.ENDED, None
        if not registered:
            return None
        self._cseq += _STEP
        return Attempt(registrar=self.registrar, expires=0, cseq=self._cseq)

    def _registered(self, answer: Answer, now: float) -> None:
        granted = min(self._wanted if answer.expires is None else answer.expires, LONGEST)
        self.state, self.reason = RegistrationState.REGISTERED, ""
        self.registrar = self._registrars[self._index]
        self.until = now + granted
        # The next round begins with the first choice again, early enough to go through all of them before this one ends.
        self._due = now + max(granted, SHORTEST) * (0.7 + 0.1 * self._chance())
        self._index = self._failures = 0
        self._pause = 0.0
        self._raised = False

    def _pass_over(self, answer: Answer, now: float) -> None:
        """The registrar is silent or in trouble: the next one, and after the last a pause."""
        said = answer.reason if answer.code is None else f"it answers {answer.code}"
        reason = f"{self._registrars[self._index]}: {said}"
        self._pause = max(self._pause, answer.retry_after or 0.0)
        self._index += 1
        if self._index < len(self._registrars):
            self.reason, self._due = reason, now
            self._lapse(now)
            return
        self._index = 0
        self._failed(reason, self._pause, now)

    def _failed(self, reason: str, retry_after: float | None, now: float) -> None:
        pause = min(_FIRST_PAUSE * 2**self._failures, _LONGEST_PAUSE) * (0.5 + 0.5 * self._chance())
        self._failures = min(self._failures + 1, 16)
        self._index, self._pause = 0, 0.0
        self.reason = reason
        self._due = now + max(pause, min(retry_after or 0.0, _LONGEST_PAUSE))
        self._lapse(now)

    def _lapse(self, now: float) -> None:
        """A registration that was not refreshed stands until its time is over."""
        if self.state is not RegistrationState.REGISTERED or now >= self.until:
            self.state = RegistrationState.TRYING if self._due == now else RegistrationState.FAILED

    def _chance(self) -> float:
        return self._random_bits(16) / 65_536
