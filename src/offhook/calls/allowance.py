"""What an account may do with calls: the server's settings, and what was said of the account or of one above it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache

from offhook.calls.capacity import CallLimits
from offhook.calls.directory import Directory
from offhook.calls.errors import Unroutable
from offhook.calls.numbers.destinations import Destinations
from offhook.calls.settings import CallSettings
from offhook.vocabulary.sids import AccountSid


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Of one account, at the beginning of a call."""

    domain: str | None
    """SIP domain of its organization, where its clients live; None for the default one."""
    limits: CallLimits
    destinations: tuple[Destinations, ...]
    """Lists that must all allow a telephone number."""

    def check(self, number: str) -> None:
        """Whether ``number``, in international form where it has one, may be called. Raises ``Unroutable``."""
        if not all(each.allows(number) for each in self.destinations):
            raise Unroutable(
                f"calls to {number} are not allowed here (setting calls.destinations, or Destinations of the account)",
                sip_code=403,
                code=21215,
            )


class Allowances:
    """Looks them up."""

    def __init__(self, directory: Directory, settings: CallSettings) -> None:
        self._directory = directory
        self._timeout = settings.lookup_timeout
        self._max_calls = settings.max_calls_per_account
        self._rate = settings.max_rate_per_account
        self._everywhere = Destinations(settings.destinations)

    async def of(self, account_sid: AccountSid) -> Allowance:
        """The allowance of an account. Raises ``Unroutable``."""
        try:
            async with asyncio.timeout(self._timeout):
                policy = await self._directory.policy(account_sid)
        except TimeoutError:
            raise Unroutable("the directory did not answer in time", sip_code=503) from None
        own = () if policy.destinations is None else (_listed(policy.destinations),)
        return Allowance(
            domain=policy.domain,
            limits=CallLimits(
                max_calls=self._max_calls if policy.max_calls is None else policy.max_calls,
                calls_per_second=self._rate if policy.calls_per_second is None else policy.calls_per_second,
            ),
            destinations=(self._everywhere, *own),
        )


@lru_cache(maxsize=1024)
def _listed(entries: tuple[str, ...]) -> Destinations:
    """What was stored was checked; what can no longer be read allows nothing."""
    try:
        return Destinations(entries)
    except ValueError:
        return Destinations(["!+", *(f"!{sign}" for sign in "0123456789*#")])
