"""Conferences without calls, for tests of the API: what it changes is seen in their facts."""

from __future__ import annotations

from collections.abc import Sequence

from offhook.calls.conferences.conference import Conference
from offhook.calls.events import ConferenceFacts, ParticipantFacts
from offhook.vocabulary.sids import AccountSid, CallSid, ConferenceSid
from tests.support.databases import CHILD, NOW


class PretendedConference:
    """One of them."""

    def __init__(self, facts: ConferenceFacts) -> None:
        self._machine = Conference(facts)
        self.announced: list[tuple[str, str, CallSid | None]] = []
        self.holds: list[tuple[str | None, str]] = []
        """What is heard on hold, as it was asked for."""

    @property
    def facts(self) -> ConferenceFacts:
        return self._machine.facts

    @property
    def participants(self) -> Sequence[ParticipantFacts]:
        return tuple(self._machine.participants.values())

    def participant(self, name: str) -> ParticipantFacts | None:
        return self._machine.participants.get(CallSid(name))

    def joined_by(self, *numbers: int) -> None:
        """Calls of these numbers come in."""
        for number in numbers:
            sid = CallSid(f"CA{number:032x}")
            self._machine.join(ParticipantFacts(call_sid=sid, label=f"guest {number}", joined_at=NOW), NOW, most=99)

    def change(
        self, sid: CallSid, *, hold_url: str | None, hold_method: str, hold: bool | None, **more: object
    ) -> ParticipantFacts | None:
        if hold:
            self.holds.append((hold_url, hold_method))
        self._machine.change(sid, NOW, hold=hold, **more)  # type: ignore[arg-type]
        return self._machine.participants.get(sid)

    def announce(self, url: str, method: str, to: CallSid | None = None) -> None:
        self.announced.append((url, method, to))

    def kick(self, sid: CallSid) -> bool:
        return bool(self._machine.leave(sid, NOW, kicked=True))

    def end(self) -> None:
        self._machine.end(NOW)


class PretendedConferences:
    """All of a node."""

    def __init__(self) -> None:
        self.held: list[PretendedConference] = []

    def make(self, number: int = 1, account_sid: AccountSid = CHILD, name: str = "room") -> PretendedConference:
        """One more."""
        facts = ConferenceFacts(
            sid=ConferenceSid(f"CF{number:032x}"), account_sid=account_sid, name=name, created_at=NOW, updated_at=NOW
        )
        self.held.append(PretendedConference(facts))
        return self.held[-1]

    def of(self, account_sid: AccountSid) -> Sequence[PretendedConference]:
        return [one for one in self.held if one.facts.account_sid == account_sid]

    def get(self, sid: ConferenceSid) -> PretendedConference | None:
        return next((one for one in self.held if one.facts.sid == sid), None)
