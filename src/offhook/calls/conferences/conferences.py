"""The conferences of a node, by account and name: a call enters one with a <Dial>, and the API steers them.

A conference is made by the first who enters it, and forgotten when it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from offhook.calls.active import ActiveCall
from offhook.calls.conferences.conference import ConferenceFull
from offhook.calls.conferences.entry import ConferenceEntry
from offhook.calls.conferences.live import LiveConference, Spawner
from offhook.calls.conferences.seat import Seat
from offhook.calls.dialing import DialOutcome, DialRequest, DialStatus
from offhook.calls.events import ConferenceFacts
from offhook.calls.surroundings import Surroundings
from offhook.media.operation import MediaFailed
from offhook.media.room import Room
from offhook.vocabulary.sids import AccountSid, ConferenceSid

log = structlog.get_logger(__name__)


class Conferences:
    """All that are live."""

    def __init__(self, around: Surroundings, spawn: Spawner) -> None:
        """``spawn`` runs what belongs to no call, such as the end of a recording."""
        self._around = around
        self._spawn = spawn
        self._live: dict[tuple[AccountSid, str], LiveConference] = {}

    def __len__(self) -> int:
        return len(self._live)

    def named(self, account_sid: AccountSid, name: str) -> LiveConference | None:
        """The account's conference of that name."""
        return self._live.get((account_sid, name))

    def get(self, sid: ConferenceSid) -> LiveConference | None:
        """By sid."""
        return next((one for one in self._live.values() if one.facts.sid == sid), None)

    def of(self, account_sid: AccountSid) -> Sequence[LiveConference]:
        """Those of an account."""
        return [one for one in self._live.values() if one.facts.account_sid == account_sid]

    async def dial(self, caller: ActiveCall, request: DialRequest, entry: ConferenceEntry) -> DialOutcome:
        """Sit in a conference until that is over, for the call or for all. ``request.on_end`` is told, also when cancelled."""
        began = self._around.clock.monotonic()
        seat = Seat(caller, entry, self._around.settings.hold_music)
        live, reason = None, ""
        try:
            live = self._enter(caller, entry)
            live.sit(seat)
            if request.hangup_on_star:
                caller.keys.on_key = _at_star(live, seat)
            reason = await seat.stay(live, request.time_limit)
        except (ConferenceFull, MediaFailed) as failure:
            reason = str(failure)
            log.info("conference_not_entered", call=caller.facts.sid, reason=reason)
        finally:
            caller.keys.on_key = None
            if live is not None:
                live.leave(seat)
                self._forget(live)
            try:
                await seat.part()
            finally:
                seconds = max(0, round(self._around.clock.monotonic() - began))
                outcome = _outcome(live, seat, seconds, reason)
                if request.on_end is not None:
                    request.on_end(outcome)
        return outcome

    def _enter(self, caller: ActiveCall, entry: ConferenceEntry) -> LiveConference:
        facts = caller.facts
        live = self.named(facts.account_sid, entry.name)
        if live is not None and not live.over:
            return live
        now = self._around.clock.utc()
        made = ConferenceFacts(
            sid=ConferenceSid(self._around.sids("conference")),
            account_sid=facts.account_sid,
            name=entry.name,
            api_version=facts.api_version,
            created_at=now,
            updated_at=now,
            status_callback=entry.status_callback,
            node=facts.node,
        )
        live = LiveConference(made, entry, Room(caller.media.sessions), self._around, self._spawn)
        self._live[facts.account_sid, entry.name] = live
        log.info("conference_created", conference=made.sid, name=entry.name, call=facts.sid)
        return live

    def _forget(self, live: LiveConference) -> None:
        key = live.facts.account_sid, live.facts.name
        if live.over and self._live.get(key) is live:
            del self._live[key]


def _at_star(live: LiveConference, seat: Seat) -> Callable[[str], None]:
    def on_key(digit: str) -> None:
        if digit == "*":
            live.leave(seat)
            seat.look()

    return on_key


def _outcome(live: LiveConference | None, seat: Seat, seconds: int, reason: str) -> DialOutcome:
    sat = live is not None and seat.sat
    return DialOutcome(
        status=DialStatus.ANSWERED if sat else DialStatus.FAILED,
        duration=seconds if sat else 0,
        bridged=sat,
        conference_sid=live.facts.sid if live is not None and sat else None,
        reason=reason,
    )
