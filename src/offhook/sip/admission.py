"""Who is heard: a token bucket per source for new requests, and the marks beyond which new calls get 503."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from offhook.sip.settings import SipSettings


class _Bucket:
    __slots__ = ("exempt", "tokens", "when")

    def __init__(self, tokens: float, when: float, *, exempt: bool) -> None:
        self.tokens = tokens
        self.when = when
        self.exempt = exempt


class Admission:
    """Decides before anything costly is done. What belongs to a call that stands is never asked."""

    def __init__(self, settings: SipSettings) -> None:
        self._settings = settings
        self._trusted = [ipaddress.ip_network(network, strict=False) for network in settings.trust]
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self.lag = 0.0
        """Seconds that the driver's loop is late."""
        self.draining = False

    def __len__(self) -> int:
        return len(self._buckets)

    def hears(self, host: str, now: float) -> bool:
        """Take one token of ``host``; False: silence, since an answer would serve a scanner or a spoofed victim."""
        bucket = self._buckets.get(host)
        if bucket is None:
            bucket = self._remember(host, now)
        else:
            self._buckets.move_to_end(host)
        if bucket.exempt:
            return True
        settings = self._settings
        bucket.tokens = min(settings.source_burst, bucket.tokens + (now - bucket.when) * settings.source_rate)
        bucket.when = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def takes_calls(self, calls: int, transactions: int) -> bool:
        """Whether a new call is welcome, with so many live calls and transactions."""
        settings = self._settings
        return not (
            self.draining
            or calls >= settings.max_calls
            or transactions >= settings.max_transactions
            or self.lag > settings.max_lag
        )

    def _remember(self, host: str, now: float) -> _Bucket:
        if len(self._buckets) >= self._settings.max_sources:
            self._buckets.popitem(last=False)
        bucket = _Bucket(self._settings.source_burst, now, exempt=self._trusts(host))
        self._buckets[host] = bucket
        return bucket

    def _trusts(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._trusted)
