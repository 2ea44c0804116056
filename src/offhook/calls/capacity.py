"""How many calls an account has, and how fast it makes and takes them. A machine without clock: ``now`` is an argument."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from offhook.calls.errors import Unroutable
from offhook.vocabulary.sids import AccountSid
from offhook.vocabulary.token_bucket import TokenBucket

TOO_MANY_CALLS: Final = 10004
TOO_FAST: Final = 20429
_BURST: Final = 10.0
"""Calls that may begin at once whatever the rate, as many as one <Dial> rings."""
_MAX_ACCOUNTS: Final = 10_000
"""Accounts whose rate is remembered; the least recent is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """What one account may do; 0 is no limit."""

    max_calls: int = 0
    """Live calls (legs) in both directions."""
    calls_per_second: float = 0.0
    """New calls, in each direction."""


class Capacity:
    """Counts calls by account."""

    def __init__(self) -> None:
        self._live: dict[AccountSid, int] = {}
        self._buckets: OrderedDict[tuple[AccountSid, bool], TokenBucket] = OrderedDict()
        """By account and whether calls are outgoing."""

    def check(self, account_sid: AccountSid, limits: CallLimits, now: float, *, outgoing: bool) -> None:
        """Whether one more call may begin at ``now`` (seconds). Raises ``Unroutable``."""
        if 0 < limits.max_calls <= self._live.get(account_sid, 0):
            raise Unroutable(
                f"the account has {limits.max_calls} calls, as many as it may have at once",
                sip_code=480,
                code=TOO_MANY_CALLS,
            )
        if limits.calls_per_second > 0 and not self._take(account_sid, limits.calls_per_second, now, outgoing):
            raise Unroutable(
                f"the account begins more than {limits.calls_per_second:g} calls a second", sip_code=480, code=TOO_FAST
            )

    def began(self, account_sid: AccountSid) -> None:
        """A call of the account lives."""
        self._live[account_sid] = self._live.get(account_sid, 0) + 1

    def ended(self, account_sid: AccountSid) -> None:
        """One that began is over."""
        left = self._live[account_sid] - 1
        if left:
            self._live[account_sid] = left
        else:
            del self._live[account_sid]

    def __len__(self) -> int:
        """Accounts that have calls."""
        return len(self._live)

    def _take(self, account_sid: AccountSid, rate: float, now: float, outgoing: bool) -> bool:
        at_once = max(rate, _BURST)
        bucket = self._buckets.pop((account_sid, outgoing), None) or TokenBucket(at_once, now)
        self._buckets[account_sid, outgoing] = bucket
        if len(self._buckets) > _MAX_ACCOUNTS:
            self._buckets.popitem(last=False)
        return bucket.take(now, rate, at_once)
