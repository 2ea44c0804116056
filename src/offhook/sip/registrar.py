"""The location table: which contacts a registered address has, and how REGISTER changes them (RFC 3261 §10.3; RFC 3581),
by which proxies they are reached (Path, RFC 3327) and by which flows (RFC 5626).

A machine without clock or sockets. Who may register what is decided before it is asked; GRUU (RFC 5627) is not spoken.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from sys import intern
from typing import Final

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Flow
from offhook.sip.grammar import decimal
from offhook.sip.message import Request
from offhook.sip.uri import NameAddr, Uri

_WILDCARD: Final = "*"
_LONGEST_INSTANCE: Final = 200
"""Characters of a ``+sip.instance``; an urn:uuid has 47."""
_MAX_HOPS: Final = 10
"""Proxies in a Path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One contact of an address of record."""

    contact: str
    """As the client wrote it, without ``expires``. Text, because there may be thousands and few are called at once."""
    flow: Flow
    """Where the REGISTER really came from: what reaches the client, also behind a NAT."""
    call_id: str
    cseq: int
    expires_at: float
    """Seconds on the clock of ``now``."""
    made_at: float = 0.0
    """When it was made or refreshed, on the same clock."""
    user_agent: str = ""
    instance: str = ""
    """The device (``+sip.instance``); empty for one that does not say, or does not speak outbound."""
    reg_id: int = 0
    """Which of its flows this is; 0 without ``instance``."""
    path: tuple[str, ...] = ()
    """Proxies on the way to it, as the Route values of requests."""
    q: float = 1.0
    """Preference, 0..1; 1 when the client gave none or nonsense."""

    @property
    def outbound(self) -> bool:
        """Whether the device keeps several flows to us and may be reached by any of them."""
        return bool(self.instance)

    @property
    def target(self) -> Uri:
        """The Request-URI for this client."""
        return NameAddr.parse(self.contact).uri

    def contact_value(self, now: float) -> str:
        """The Contact value of a 200 to REGISTER, with the seconds that are left."""
        left = max(0, round(self.expires_at - now))
        return f"{self.contact};expires={left}"


class FirstHopLacksOutbound(RemoteProtocolError):
    """439: the proxy next to the client cannot keep its flow (RFC 5626 §6)."""

    def __init__(self) -> None:
        super().__init__("the first hop does not support outbound", 439)


class IntervalTooBrief(RemoteProtocolError):
    """423: the client must ask for at least ``min_expires`` seconds."""

    def __init__(self, min_expires: int) -> None:
        super().__init__(f"registrations last at least {min_expires} s", 423)
        self.min_expires = min_expires


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarLimits:
    """Bounds of the location table."""

    min_expires: int = 60
    """Seconds; a shorter wish is refused with 423."""
    max_expires: int = 3600
    """Seconds; a longer wish is cut."""
    default_expires: int = 3600
    """Seconds, where the client wishes nothing."""
    max_contacts: int = 10
    """Contacts of one address; a REGISTER that would make more is refused with 403."""
    max_addresses: int = 100_000
    """Addresses in the table; a REGISTER that would make more is refused with 503."""
    flow_timer: int = 120
    """Seconds between two signs of life on each flow of a device that speaks outbound (RFC 5626 §4.4)."""


class Registrar:
    """All bindings of a process, by address of record."""

    def __init__(self, limits: RegistrarLimits | None = None) -> None:
        self._limits = limits or RegistrarLimits()
        self._bindings: dict[str, tuple[Binding, ...]] = {}
        self._deadlines: list[tuple[float, str]] = []
        """A heap of when an address has to be looked at; entries may be out of date, see ``expire``."""
        self._by_flow: dict[Flow, set[str]] = {}
        """Addresses that are bound to a connection."""

    @property
    def flow_timer(self) -> int:
        """Of ``RegistrarLimits``."""
        return self._limits.flow_timer

    def register(self, address: str, request: Request, source: Flow, now: float) -> list[Binding]:
        """Apply a REGISTER to ``address`` (any spelling that is always the same, as ``login@domain``) and return the bindings
        that hold after it. All changes are made or none (§10.3 step 7).

        Raises ``RemoteProtocolError``: 400, 403 and 503 for bounds, 500 for a request that came too late, and
        ``IntervalTooBrief``.
        """
        current = self.lookup(address, now)
        contacts = request.contacts
        if any(contact.uri.scheme == _WILDCARD for contact in contacts):
            self._check_wildcard(contacts, request)
            _check_order(current, request)
            self._store(address, [])
            return []
        if not contacts:
            return current
        meant = [
            one for one in current if any(_same(one, contact, *_flow_of(contact, request)) for contact in contacts)
        ]
        _check_order(meant, request)
        changed = list(current)
        for contact in contacts:
            self._change(changed, contact, request, source, now)
        if len(changed) > self._limits.max_contacts:
            raise RemoteProtocolError(f"more than {self._limits.max_contacts} contacts for one address", 403)
        if address not in self._bindings and changed and len(self._bindings) >= self._limits.max_addresses:
            raise RemoteProtocolError("the location table is full", 503)
        self._store(address, changed)
        return self.lookup(address, now)

    def lookup(self, address: str, now: float) -> list[Binding]:
        """The bindings that hold, the preferred first, among equals the newest; so are the flows of one device."""
        held = [binding for binding in self._bindings.get(address, ()) if binding.expires_at > now]
        return sorted(held, key=lambda binding: (-binding.q, -binding.made_at, -binding.expires_at))

    def addresses(self) -> list[str]:
        """All addresses that have bindings, in the order of their first."""
        return list(self._bindings)

    def remove(self, address: str, binding: Binding) -> bool:
        """Forget one binding; False when it has gone or was renewed from elsewhere meanwhile."""
        held = self._bindings.get(address, ())
        left = [one for one in held if (one.target, one.flow) != (binding.target, binding.flow)]
        if len(left) == len(held):
            return False
        self._store(address, left)
        return True

    def expire(self, now: float) -> list[str]:
        """Forget what is over; the addresses that have no binding any more."""
        gone: list[str] = []
        while self._deadlines and self._deadlines[0][0] <= now:
            _, address = heapq.heappop(self._deadlines)
            if address not in self._bindings:
                continue
            self._store(address, [one for one in self._bindings[address] if one.expires_at > now])
            if address not in self._bindings:
                gone.append(address)
        return gone

    def forget(self, flow: Flow) -> None:
        """The connection of ``flow`` is gone, and the bindings that were made over it with it (RFC 5626 §5.3)."""
        for address in tuple(self._by_flow.get(flow, ())):
            self._store(address, [one for one in self._bindings[address] if one.flow != flow])

    def deadline(self) -> float | None:
        """When ``expire`` has something to do at the earliest; None for never."""
        return self._deadlines[0][0] if self._deadlines else None

    @property
    def size(self) -> int:
        """Addresses in the table."""
        return len(self._bindings)

    def _change(self, bindings: list[Binding], contact: NameAddr, request: Request, source: Flow, now: float) -> None:
        """Add, refresh or remove one contact in ``bindings``."""
        if not contact.uri.is_sip:
            raise RemoteProtocolError("a contact must be a SIP URI")
        seconds = self._seconds(contact, request)
        instance, reg_id = _flow_of(contact, request)
        place = next((index for index, one in enumerate(bindings) if _same(one, contact, instance, reg_id)), None)
        if seconds == 0:
            if place is not None:
                del bindings[place]
            return
        parameters = {name: value for name, value in contact.parameters.items() if name != "expires"}
        binding = Binding(
            contact=str(replace(contact, parameters=parameters)),
            q=_q(parameters.get("q")),
            flow=source,
            call_id=request.call_id,
            cseq=request.cseq.number,
            expires_at=now + seconds,
            made_at=now,
            instance=instance,
            reg_id=reg_id,
            path=_path_of(request),
            user_agent=intern((request.get("user-agent") or "")[:200]),  # thousands of phones share a few
        )
        if place is None:
            bindings.append(binding)
        else:
            bindings[place] = binding

    def _seconds(self, contact: NameAddr, request: Request) -> int:
        """How long the contact shall hold: its own wish, else that of the request, else ours (§10.3 step 7)."""
        wish = contact.parameters.get("expires")
        if wish is not None and wish.isascii() and wish.isdigit():
            seconds = decimal(wish[:10], "expires", 9_999_999_999)
        else:
            of_request = request.expires
            seconds = self._limits.default_expires if of_request is None else of_request
        if 0 < seconds < self._limits.min_expires:
            raise IntervalTooBrief(self._limits.min_expires)
        return min(seconds, self._limits.max_expires)

    def _check_wildcard(self, contacts: Sequence[NameAddr], request: Request) -> None:
        if len(contacts) != 1 or request.expires != 0:
            raise RemoteProtocolError("the contact * stands alone and with Expires: 0")

    def _store(self, address: str, bindings: Sequence[Binding]) -> None:
        self._connect(address, bindings)
        if not bindings:
            self._bindings.pop(address, None)
            return
        self._bindings[address] = tuple(bindings)
        heapq.heappush(self._deadlines, (min(binding.expires_at for binding in bindings), address))
        if len(self._deadlines) > 4 * len(self._bindings) + 64:
            self._deadlines = [
                (min(binding.expires_at for binding in held), known) for known, held in self._bindings.items()
            ]
            heapq.heapify(self._deadlines)

    def _connect(self, address: str, bindings: Sequence[Binding]) -> None:
        """Note which connections ``address`` is bound to from now on."""
        before = {one.flow for one in self._bindings.get(address, ()) if one.flow.transport.reliable}
        after = {one.flow for one in bindings if one.flow.transport.reliable}
        for flow in before - after:
            addresses = self._by_flow[flow]
            addresses.discard(address)
            if not addresses:
                del self._by_flow[flow]
        for flow in after - before:
            self._by_flow.setdefault(flow, set()).add(address)


def _flow_of(contact: NameAddr, request: Request) -> tuple[str, int]:
    """Device and number of the flow where both ends speak outbound (RFC 5626 §6), else none. Raises
    ``FirstHopLacksOutbound``.
    """
    instance, number = contact.parameters.get("+sip.instance") or "", contact.parameters.get("reg-id") or ""
    if not instance or not number or "outbound" not in request.supported:
        return "", 0
    reg_id = decimal(number, "reg-id", (1 << 31) - 1)
    if reg_id == 0:
        raise RemoteProtocolError("a reg-id of 0")
    if len(request.vias) > 1:
        hops = request.values("path")
        if not hops or "ob" not in NameAddr.parse(hops[-1]).uri.parameters:
            raise FirstHopLacksOutbound
    return instance[:_LONGEST_INSTANCE], reg_id


def _same(binding: Binding, contact: NameAddr, instance: str, reg_id: int) -> bool:
    """Whether ``contact`` renews ``binding``: the same flow of the same device, else the same address."""
    if instance or binding.outbound:
        return (binding.instance, binding.reg_id) == (instance, reg_id)
    return binding.target.matches(contact.uri)


def _path_of(request: Request) -> tuple[str, ...]:
    hops = request.values("path")
    if len(hops) > _MAX_HOPS:
        raise RemoteProtocolError(f"a Path of more than {_MAX_HOPS} proxies")
    return tuple(str(NameAddr.parse(hop)) for hop in hops)


def _check_order(bindings: Sequence[Binding], request: Request) -> None:
    """Refuse a request that the client sent before the one which a binding is from (§10.3 steps 6 and 7)."""
    for binding in bindings:
        if binding.call_id == request.call_id and request.cseq.number <= binding.cseq:
            raise RemoteProtocolError("a REGISTER that a later one has overtaken", 500)


def _q(text: str | None) -> float:
    try:
        value = float(text) if text is not None and len(text) <= 5 else 1.0
    except ValueError:
        return 1.0
    return value if 0.0 <= value <= 1.0 else 1.0
