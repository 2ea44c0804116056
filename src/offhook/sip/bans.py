"""Bans: who sent wrong credentials too often, and how long nobody listens to them; and who sent right ones lately.

A source that guesses is banned whole; a user from one source is blocked sooner, and only there, so that nobody locks a
user out from elsewhere and one phone with an old password does not ban the office around it. A machine without clock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from offhook.sip.settings import BanSettings
from offhook.sip.sources import TrustedNetworks, source_of

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """One source that is not listened to."""

    source: str
    """An IPv4 address or an IPv6 network."""
    left: float
    """Seconds until it ends."""
    times: int
    """How often it was banned lately."""


class BanControl(Protocol):
    """What the operator sees and does about bans; the driver implements it, with its clock."""

    def standing_bans(self) -> list[Ban]:
        """All that hold now, the longest first."""
        ...

    def lift_ban(self, source: str) -> bool:
        """End the ban of an address or a listed source, and forget its failures; False when nothing was known."""
        ...


class _Record:
    __slots__ = ("failures", "since", "times", "until")

    def __init__(self, now: float) -> None:
        self.since = now
        self.failures = 0
        self.times = 0
        self.until = now


class Bans:
    """Counts failures and knows the bans that follow. Bounded: whoever failed longest ago is forgotten first."""

    def __init__(self, settings: BanSettings, trusted: TrustedNetworks) -> None:
        self._settings = settings
        self._trusted = trusted
        self._sources: OrderedDict[str, _Record] = OrderedDict()
        self._users: OrderedDict[tuple[str, str], _Record] = OrderedDict()
        self._known: OrderedDict[str, float] = OrderedDict()
        """Sources from which somebody proved to be a client, and until when that counts."""

    def failed(self, host: str, user: str, now: float) -> Ban | None:
        """Count wrong credentials of ``user`` from ``host``; the ban of the source, if this began one."""
        if host in self._trusted:
            return None
        source = source_of(host)
        self._count(self._users, (source, user[:255]), self._settings.failures_of_user, now)
        record = self._count(self._sources, source, self._settings.failures_of_source, now)
        return None if record is None else Ban(source=source, left=record.until - now, times=record.times)

    def succeeded(self, host: str, now: float) -> None:
        """Note that somebody at ``host`` proved who he is; the source is no stranger for a while."""
        source = source_of(host)
        self._known[source] = now + self._settings.known_for
        self._known.move_to_end(source)
        if len(self._known) > self._settings.max_sources:
            self._known.popitem(last=False)

    def knows(self, host: str, now: float) -> bool:
        """Whether ``host`` is no stranger."""
        return self._known.get(source_of(host), now) > now

    def blocked(self, host: str, user: str, now: float) -> bool:
        """Whether credentials of ``user`` from ``host`` are refused unseen; such attempts are not counted."""
        record = self._users.get((source_of(host), user[:255])) if self._users else None
        return record is not None and record.until > now

    def banned(self, host: str, now: float) -> bool:
        """Whether nobody listens to ``host``."""
        record = self._sources.get(source_of(host)) if self._sources else None
        return record is not None and record.until > now

    def standing(self, now: float) -> list[Ban]:
        """All bans that hold, the longest first."""
        held = [
            Ban(source=source, left=record.until - now, times=record.times)
            for source, record in self._sources.items()
            if record.until > now
        ]
        return sorted(held, key=lambda ban: -ban.left)

    def lift(self, host: str) -> bool:
        """Forget what ``host`` (an address, or a source as it is listed) did; False when nothing was known."""
        source = host if host in self._sources else source_of(host)
        for key in [key for key in self._users if key[0] == source]:
            del self._users[key]
        return self._sources.pop(source, None) is not None

    def __len__(self) -> int:
        return len(self._sources) + len(self._users) + len(self._known)

    def _count(self, table: OrderedDict[Key, _Record], key: Key, limit: int, now: float) -> _Record | None:
        """Note a failure; the record, if it was one too many. Each ban is twice as long as the one before."""
        settings = self._settings
        record = table.pop(key, None)
        if record is None or now > max(record.since + settings.window, record.until + settings.longest):
            record = _Record(now)
        elif now > record.since + settings.window:
            record.since, record.failures = now, 0
        table[key] = record
        while len(table) > settings.max_sources:
            table.popitem(last=False)
        record.failures += 1
        if record.failures < limit:
            return None
        record.failures, record.since = 0, now
        record.until = now + min(settings.longest, settings.seconds * 2 ** min(record.times, 20))
        record.times += 1
        return record
