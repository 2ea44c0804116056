"""The trunks and routes of a node as they are configured, and which of them a call may take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from offhook.calls.errors import Unroutable
from offhook.calls.trunks.routes import RouteTable, TrunkRoute
from offhook.calls.trunks.trunk import Trunk, TrunkKey
from offhook.vocabulary.sids import AccountSid

NO_WAY = 13224
"""The error code for a number that no gateway leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkBook:
    """All of it at one moment; a change makes a new one."""

    trunks: Mapping[TrunkKey, Trunk] = field(default_factory=dict)
    routes: tuple[TrunkRoute, ...] = ()
    _owners: Mapping[AccountSid | None, tuple[Trunk, ...]] = field(default_factory=dict, compare=False)
    _tables: Mapping[AccountSid | None, RouteTable] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, trunks: Iterable[Trunk], routes: Iterable[TrunkRoute] = ()) -> TrunkBook:
        """``trunks`` in the order in which an owner without routes uses them."""
        known, routes = {trunk.key: trunk for trunk in trunks}, tuple(routes)
        owners: dict[AccountSid | None, list[Trunk]] = {}
        tables: dict[AccountSid | None, list[TrunkRoute]] = {}
        for trunk in known.values():
            owners.setdefault(trunk.account_sid, []).append(trunk)
        for route in routes:
            tables.setdefault(route.account_sid, []).append(route)
        return cls(
            trunks=known,
            routes=routes,
            _owners={owner: tuple(theirs) for owner, theirs in owners.items()},
            _tables={owner: RouteTable(theirs) for owner, theirs in tables.items()},
        )

    def choice(self, number: str, lineage: Sequence[AccountSid]) -> tuple[Trunk, ...]:
        """The trunks that ``number`` takes, the first choice first, for an account and those above it (``lineage``).

        The nearest owner with an answer decides: its route, or, where it has no routes at all, its trunks in their order;
        the node's own come last. Raises ``Unroutable``.
        """
        owners = (*lineage, None)
        for index, owner in enumerate(owners):
            table = self._tables.get(owner)
            if table is None:
                theirs = tuple(trunk for trunk in self._owners.get(owner, ()) if trunk.enabled)
                if theirs:
                    return theirs
                continue
            route = table.best(number)
            if route is not None:
                return self._of_route(route, number, owners[index:])
        if not self.trunks:
            raise Unroutable(f"no gateway is configured, so the number {number} cannot be reached", code=NO_WAY)
        raise Unroutable(f"no route leads to the number {number}", code=NO_WAY)

    def _of_route(self, route: TrunkRoute, number: str, owners: Sequence[AccountSid | None]) -> tuple[Trunk, ...]:
        named = f"the route of {route.pattern.text or 'all numbers'}"
        if route.refuses:
            raise Unroutable(f"{named} lets nobody call {number}", sip_code=403, code=NO_WAY)
        found = [self._named(name, owners) for name in route.trunks]
        usable = tuple(trunk for trunk in found if trunk is not None and trunk.enabled)
        if not usable:
            raise Unroutable(
                f"{named} leads to {', '.join(route.trunks)}, and there is no such trunk that is enabled", code=NO_WAY
            )
        return usable

    def _named(self, name: str, owners: Sequence[AccountSid | None]) -> Trunk | None:
        """By sid or name, of the route's owner or of those above it."""
        for owner in owners:
            for trunk in self._owners.get(owner, ()):
                if name in (trunk.key, trunk.name):
                    return trunk
        return None


class TrunkSource(Protocol):
    """Where a node's trunks come from; ``records`` implements it on the store."""

    @property
    def own(self) -> TrunkBook:
        """What stands in the node's configuration."""
        ...

    async def run(self, use: Callable[[TrunkBook], None]) -> None:
        """Hand over everything now and after every change, until cancelled."""
        ...


class FixedTrunks:
    """A book that never changes."""

    def __init__(self, own: TrunkBook | None = None) -> None:
        self.own = own or TrunkBook()

    async def run(self, use: Callable[[TrunkBook], None]) -> None:
        """Nothing to hand over."""
