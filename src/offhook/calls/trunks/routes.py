"""The least-cost routing table: which trunks a number takes, in which order. The operator writes the cheapest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from offhook.calls.trunks.patterns import NumberPattern
from offhook.vocabulary.sids import AccountSid


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkRoute:
    """Numbers that a pattern covers go by these trunks."""

    pattern: NumberPattern
    trunks: tuple[str, ...]
    """Names or sids, the first choice first; empty: such numbers are not called."""
    account_sid: AccountSid | None = None
    """Whose calls it is for; None: the node's own, for every account."""
    priority: int = 10
    """Among expressions that cover a number the lowest counts; among prefixes the longest does, then the lowest."""

    @property
    def refuses(self) -> bool:
        """Whether it exists to keep numbers from being called."""
        return not self.trunks


class RouteTable:
    """Routes of one owner. An expression that covers a number goes before every prefix: it was written for exceptions."""

    def __init__(self, routes: Iterable[TrunkRoute]) -> None:
        routes = sorted(routes, key=lambda route: route.priority)
        self._expressions = [route for route in routes if route.pattern.is_expression]
        self._prefixes: dict[str, TrunkRoute] = {}
        for route in routes:
            if not route.pattern.is_expression:
                self._prefixes.setdefault(route.pattern.text, route)
        self._longest = max(map(len, self._prefixes), default=0)

    def __len__(self) -> int:
        return len(self._expressions) + len(self._prefixes)

    def best(self, number: str) -> TrunkRoute | None:
        """The route of ``number``; None when none covers it."""
        for route in self._expressions:
            if route.pattern.match(number) is not None:
                return route
        for length in range(min(len(number), self._longest), -1, -1):
            found = self._prefixes.get(number[:length])
            if found is not None:
                return found
        return None
