"""Who is heard: bans, a token bucket per source for new requests, and the marks beyond which new calls get 503."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Final

from offhook.sip.bans import Bans
from offhook.sip.settings import SipSettings
from offhook.sip.sources import TrustedNetworks, source_of
from offhook.vocabulary.token_bucket import TokenBucket

_STANDING: Final = re.compile(rb"\A(?:SIP/2\.0 |CANCEL )|\n(?:to|t)[ \t]*:[^\r\n]*;[ \t]*tag[ \t]*=", re.IGNORECASE)
"""How messages look that may belong to a call in progress: responses, CANCEL, a tag in To."""


class Admission:
    """Decides before anything costly is done. What belongs to a call that stands is never asked."""

    def __init__(self, settings: SipSettings, bans: Bans | None = None) -> None:
        """``bans`` is shared with whoever checks credentials."""
        self._settings = settings
        self._trusted = TrustedNetworks(settings.trust)
        self.bans = Bans(settings.bans, self._trusted) if bans is None else bans
        self._scanners = re.compile("|".join(map(re.escape, settings.scanners)) or "(?!)", re.IGNORECASE)
        self._strangers = TokenBucket(settings.strangers_burst, 0.0)
        """Of all sources together from which nobody has proved who he is."""
        self._buckets: OrderedDict[str, TokenBucket | None] = OrderedDict()
        """By source; None for those that are trusted."""
        self.lag = 0.0
        """Seconds that the driver's loop is late."""
        self.draining = False

    def __len__(self) -> int:
        return len(self._buckets)

    def ignores(self, data: bytes, host: str, now: float) -> bool:
        """Whether a message of ``host`` is dropped unread: all of a banned source but what its calls in progress need."""
        return self.bans.banned(host, now) and _STANDING.search(data) is None

    def scans(self, user_agent: str | None) -> bool:
        """Whether this User-Agent is that of a scanner, who learns nothing from silence."""
        return user_agent is not None and self._scanners.search(user_agent) is not None

    def hears(self, host: str, now: float) -> bool:
        """Take one token of ``host``; False: silence, since an answer would serve a scanner or a spoofed victim."""
        source = host if ":" in host and host in self._trusted else source_of(host)
        if source in self._buckets:
            self._buckets.move_to_end(source)
            bucket = self._buckets[source]
        else:
            bucket = self._remember(source, host, now)
        if bucket is None:
            return True
        settings = self._settings
        heard = bucket.take(now, settings.source_rate, settings.source_burst)
        if heard and not self.bans.knows(host, now):
            heard = self._strangers.take(now, settings.strangers_rate, settings.strangers_burst)
        return heard

    def takes_calls(self, calls: int, transactions: int) -> bool:
        """Whether a new call is welcome, with so many live calls and transactions."""
        settings = self._settings
        return not (
            self.draining
            or calls >= settings.max_calls
            or transactions >= settings.max_transactions
            or self.lag > settings.max_lag
        )

    def _remember(self, source: str, host: str, now: float) -> TokenBucket | None:
        if len(self._buckets) >= self._settings.max_sources:
            self._buckets.popitem(last=False)
        bucket = None if host in self._trusted else TokenBucket(self._settings.source_burst, now)
        self._buckets[source] = bucket
        return bucket
