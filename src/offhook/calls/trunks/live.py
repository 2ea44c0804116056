"""The trunks of a running node: what is in use of each, how its gateways are, and the ways that a number can take now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from offhook.calls.errors import Unroutable
from offhook.calls.leg import Caller, Destination, LegEnded
from offhook.calls.trunks.book import NO_WAY, FixedTrunks, TrunkBook, TrunkSource
from offhook.calls.trunks.handover import handed_over
from offhook.calls.trunks.health import Health, State
from offhook.calls.trunks.limits import Limits
from offhook.calls.trunks.recognition import Recognizer
from offhook.calls.trunks.selection import in_order
from offhook.calls.trunks.trunk import Gateway, Trunk, TrunkKey
from offhook.sip.flow import Flow
from offhook.sip.registration import RegistrationState
from offhook.vocabulary.sids import AccountSid

log = structlog.get_logger(__name__)

GatewayKey = tuple[TrunkKey, str]
"""A trunk and the URI of one of its gateways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCondition:
    """How a gateway is, as people ask for it."""

    state: State
    reason: str
    age: float
    """Seconds for which it has been so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How we stand at the registrar of a trunk."""

    state: RegistrationState
    reason: str
    registrar: str
    until: float
    """When it ends unless it is refreshed, on the node's clock."""
    host: str
    """Address of the server that accepted it; empty: none did."""
    user: str
    """User part of the contact that stands there."""


class Trunks:
    """Works on one loop. ``replace`` is told every change; what is known of trunks and gateways that remain goes on."""

    def __init__(
        self,
        book: TrunkBook | None = None,
        *,
        source: TrunkSource | None = None,
        now: Callable[[], float],
        random_bits: Callable[[int], int],
    ) -> None:
        """``book``: what is configured, where no ``source`` hands that over."""
        self.source = source or FixedTrunks(book)
        """Whoever runs the node lets it hand its books to ``replace``."""
        self._now = now
        self._random_bits = random_bits
        self._book = TrunkBook()
        self._limits: dict[TrunkKey, Limits] = {}
        self._health: dict[GatewayKey, Health] = {}
        self.standings: dict[TrunkKey, Standing] = {}
        """Of trunks at which we register."""
        self.changed = asyncio.Event()
        """Set when what is configured is no longer what it was when this event was taken."""
        self.replace(self.source.own)

    def replace(self, book: TrunkBook) -> None:
        """From now on these trunks and routes; calls in progress go on."""
        now = self._now()
        gateways = [(trunk.key, gateway.uri) for trunk in book.trunks.values() for gateway in trunk.gateways]
        self._limits = {key: self._limits.get(key) or Limits() for key in book.trunks}
        self._health = {key: self._health.get(key) or Health(now) for key in gateways}
        self._book = book
        self.recognizer = Recognizer(book.trunks.values())
        """By what the calls of these trunks are known."""
        outdated, self.changed = self.changed, asyncio.Event()
        outdated.set()

    @property
    def book(self) -> TrunkBook:
        """What is configured now."""
        return self._book

    @property
    def seized(self) -> int:
        """Channels in use, of all trunks that are still configured."""
        return sum(limits.calls for limits in self._limits.values())

    def condition(self, key: TrunkKey, uri: str) -> GatewayCondition | None:
        """How a gateway of a trunk is; None for one that is not configured here (yet)."""
        health, now = self._health.get((key, uri)), self._now()
        if health is None:
            return None
        known = health.condition(now)
        return GatewayCondition(state=known.state, reason=known.reason, age=now - known.since)

    def sender(self, source: Flow, user: str) -> tuple[Trunk, ...]:
        """The trunks that a call from ``source`` to the contact ``user`` can belong to: by address or certificate, or because
        we registered that contact there.
        """
        found = list(self.recognizer.trunks(source.host, source.certified))
        for key, standing in self.standings.items():
            trunk = self._book.trunks.get(key)
            if trunk is not None and (standing.host, standing.user) == (source.host, user) and trunk not in found:
                found.append(trunk)
        return tuple(found)

    def watched(self) -> set[GatewayKey]:
        """The gateways that are to be asked by OPTIONS."""
        return {
            (trunk.key, gateway.uri)
            for trunk in self._book.trunks.values()
            if trunk.enabled and trunk.probing.interval > 0
            for gateway in trunk.gateways
            if gateway.enabled
        }

    def find(self, key: GatewayKey) -> tuple[Trunk, Gateway] | None:
        """A gateway as it is configured now."""
        trunk = self._book.trunks.get(key[0])
        gateway = next((one for one in trunk.gateways if one.uri == key[1]), None) if trunk is not None else None
        return None if trunk is None or gateway is None else (trunk, gateway)

    def in_use(self, key: TrunkKey) -> int:
        """Channels of a trunk that are seized."""
        limits = self._limits.get(key)
        return 0 if limits is None else limits.calls

    def ways(
        self, number: str, caller: Caller, lineage: Sequence[AccountSid], headers: Sequence[tuple[str, str]] = ()
    ) -> tuple[Destination, ...]:
        """Where ``number`` can be rung, to be tried one after the other. Raises ``Unroutable``.

        Gateways that are down come last; those that asked for a pause are left out.
        """
        now = self._now()
        up: list[Destination] = []
        down: list[Destination] = []
        trunks = self._book.choice(number, lineage)
        for trunk in trunks:
            for gateway in in_order(trunk.gateways, self._random_bits):
                health = self._health[trunk.key, gateway.uri]
                if health.resting(now):
                    continue
                channel = TrunkChannel(self, trunk, gateway)
                destination = handed_over(number, caller, trunk, gateway, headers=headers, channel=channel)
                (up if health.usable(now) else down).append(destination)
        if not up and not down:
            names = ", ".join(trunk.name for trunk in trunks)
            raise Unroutable(f"no gateway of {names} takes calls at present", sip_code=503, code=NO_WAY)
        return (*up, *down)

    def seize(self, trunk: Trunk) -> tuple[Limits | None, str]:
        """A channel of ``trunk`` as it is configured now, or why there is none."""
        current, limits = self._book.trunks.get(trunk.key), self._limits.get(trunk.key)
        if current is None or limits is None or not current.enabled:
            return None, "it is no longer configured"
        refusal = limits.seize(max_calls=current.max_calls, calls_per_second=current.calls_per_second, now=self._now())
        return (None, refusal) if refusal else (limits, "")

    def tried(self, trunk: Trunk, gateway: Gateway, *, trying: bool) -> None:
        """A call goes to a gateway, or is over."""
        health = self._health.get((trunk.key, gateway.uri))
        if health is not None:
            health.tried(now=trying)

    def occupy(self, trunk: Trunk) -> tuple[Limits | None, str]:
        """A channel for a call that came in by ``trunk``, or why there is none."""
        current, limits = self._book.trunks.get(trunk.key), self._limits.get(trunk.key)
        if current is None or limits is None or not current.enabled:
            return None, "it is no longer configured"
        refusal = limits.occupy(max_calls=current.max_calls)
        return (None, refusal) if refusal else (limits, "")

    def worked(self, trunk: Trunk, gateway: Gateway, *, call: bool = True) -> None:
        """A gateway answered a call, else an OPTIONS."""
        health, now = self._health.get((trunk.key, gateway.uri)), self._now()
        if health is not None and health.worked(now, trunk.probing, call=call):
            state = health.condition(now).state.value
            log.info("gateway_up", trunk=trunk.name, gateway=gateway.uri, state=state)

    def failed(
        self,
        trunk: Trunk,
        gateway: Gateway,
        reason: str,
        retry_after: float | None = None,
        *,
        there: bool = False,
    ) -> None:
        """A gateway gave no answer or is in trouble; ``retry_after``: seconds of pause that it asks for; ``there``: whether it
        answers, and took no call.
        """
        health, now = self._health.get((trunk.key, gateway.uri)), self._now()
        if health is None:
            return
        if not retry_after:
            changed = health.failed(reason, now, trunk.probing, there=there)
        else:
            changed = health.busy(retry_after, reason, now)
        if changed:
            state = health.condition(now).state.value
            log.warning("gateway_taken_out", trunk=trunk.name, gateway=gateway.uri, state=state, reason=reason)


class TrunkChannel:
    """Implements ``leg.Channel``: a place on a trunk for one attempt."""

    def __init__(self, trunks: Trunks, trunk: Trunk, gateway: Gateway) -> None:
        self._trunks = trunks
        self._trunk = trunk
        self._gateway = gateway
        self._limits: Limits | None = None

    @property
    def name(self) -> str:
        return f"{self._trunk.name} ({self._gateway.uri})"

    @property
    def trunk(self) -> str:
        return self._trunk.key

    def seize(self) -> str:
        self._limits, refusal = self._trunks.seize(self._trunk)
        if self._limits is not None:
            self._trunks.tried(self._trunk, self._gateway, trying=True)
        return refusal

    def works(self) -> None:
        self._trunks.worked(self._trunk, self._gateway)

    def fails(self, ended: LegEnded) -> None:
        reason = f"{ended.sip_code}" if ended.sip_code and not ended.silent else ended.reason
        there = ended.stalled or not ended.silent
        said = reason or "it could not be rung"
        self._trunks.failed(self._trunk, self._gateway, said, ended.retry_after, there=there)

    def release(self) -> None:
        limits, self._limits = self._limits, None
        if limits is not None:
            limits.release()
            self._trunks.tried(self._trunk, self._gateway, trying=False)
