"""Where signalling listens, which of these sockets a message leaves from, and by which address a peer is told to find us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from offhook.security.tls import ServerTls
from offhook.sip.asyncio.acceptor import Acceptor, Handshakes
from offhook.sip.asyncio.addresses import LocalAddresses, is_loopback, is_unspecified
from offhook.sip.asyncio.udp import UdpSocket
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.settings import Listener, SipSettings
from offhook.sip.sources import TrustedNetworks

_LOG = structlog.get_logger(__name__)
_PORT_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One address that is listened on."""

    transport: Transport
    address: HostPort
    advertise: str = ""
    """What peers elsewhere are told instead of its host; empty: its host, or what routes to them."""


class Listeners:
    """Bound by ``bind``, listening from ``open`` to ``close``."""

    def __init__(
        self,
        settings: SipSettings,
        *,
        on_datagram: Callable[[bytes, Flow], None],
        on_batch: Callable[[], None],
        accept: Callable[[Place], asyncio.Protocol],
        handshakes: Handshakes,
        tls: ServerTls | None = None,
    ) -> None:
        """``accept`` is called for each connection that comes; ``tls`` is what the secure ones show."""
        self._settings = settings
        self._on_datagram = on_datagram
        self._on_batch = on_batch
        self._accept = accept
        self._handshakes = handshakes
        self._tls = tls
        self._local = LocalAddresses()
        self._sockets: list[UdpSocket] = []
        self._acceptors: list[tuple[Acceptor, Place]] = []
        self._inside = TrustedNetworks(settings.local_networks)
        self._public: dict[Place, HostPort] = {}
        """What was found out to be the address of a listener, seen from outside."""
        self._places: dict[Transport, list[Place]] = {transport: [] for transport in Transport}

    def bind(self) -> None:
        """Take the ports. Raises ``OSError`` that says which one is taken and what to do; then none is held."""
        try:
            self._bind_both(HostPort(*self._settings.listen))
            for listener in self._settings.further:
                self._bind(listener)
        except OSError:
            self.close()
            raise

    def open(self, tasks: asyncio.TaskGroup) -> None:
        """Begin to listen, on the running loop."""
        for datagrams in self._sockets:
            datagrams.open()
        for acceptor, place in self._acceptors:
            acceptor.open(tasks, partial(self._accept, place))

    def close(self) -> None:
        for datagrams in self._sockets:
            datagrams.close()
        for acceptor, _ in self._acceptors:
            acceptor.close()

    @property
    def addresses(self) -> dict[str, HostPort]:
        """The first address of each transport."""
        return {transport.value: places[0].address for transport, places in self._places.items() if places}

    def udp(self, number: int, address: str) -> UdpSocket | None:
        """The socket that a flow names, else the one to reach ``address`` from; None: there is none of that family."""
        sockets = self._sockets
        if 0 < number <= len(sockets):
            return sockets[number - 1]
        place = self._towards(Transport.UDP, address)
        return None if place is None else sockets[self._places[Transport.UDP].index(place)]

    def called(self, flow: Flow, address: str, place: Place | None) -> HostPort:
        """What the peer at ``address`` shall call us; ``place`` is where its connection was accepted, if it was."""
        if place is None and flow.transport is Transport.UDP and 0 < flow.connection <= len(self._sockets):
            place = self._places[Transport.UDP][flow.connection - 1]
        place = place or self._towards(flow.transport, address) or self._fallback(address)
        host, port = place.address
        if not is_loopback(address) and address not in self._inside:
            if place.advertise:
                return HostPort(place.advertise, port)
            if place in self._public:
                return self._public[place]
        return HostPort(self._local.towards(address, ipv6=":" in host) if is_unspecified(host) else host, port)

    @property
    def sockets(self) -> list[UdpSocket]:
        """Those of UDP."""
        return self._sockets

    def mapped(self, datagrams: UdpSocket, public: HostPort) -> None:
        """The outside sees a socket as ``public``, and thereby the host of all other listeners of its family."""
        own = self._places[Transport.UDP][self._sockets.index(datagrams)]
        self._note(own, public)
        for place in self._streams():
            if (":" in place.address.host) == (":" in public.host):
                self._note(place, HostPort(public.host, place.address.port))

    def reached_by(self, hosts: Sequence[str]) -> None:
        """Listeners on all addresses are reached by these, one of each family at most."""
        for host in hosts:
            for place in (*self._places[Transport.UDP], *self._streams()):
                if is_unspecified(place.address.host) and (":" in place.address.host) == (":" in host):
                    self._note(place, HostPort(host, place.address.port))

    def _streams(self) -> list[Place]:
        return [place for transport, places in self._places.items() if transport.reliable for place in places]

    def _note(self, place: Place, public: HostPort) -> None:
        if self._public.get(place) != public:
            self._public[place] = public
            _LOG.info(
                "public address", transport=place.transport.value, listener=str(place.address), address=str(public)
            )

    def _towards(self, transport: Transport, address: str) -> Place | None:
        """The listener that the kernel would send from, else one of the family."""
        places = self._places[transport]
        ipv6 = ":" in address
        fitting = [place for place in places if (":" in place.address.host) == ipv6]
        if len(fitting) < 2:
            return fitting[0] if fitting else None
        source = self._local.towards(address, ipv6=ipv6)
        exact = (place for place in fitting if place.address.host == source)
        every = (place for place in fitting if is_unspecified(place.address.host))
        elsewhere = (place for place in fitting if not is_loopback(place.address.host))
        return next(exact, None) or next(every, None) or next(elsewhere, fitting[0])

    def _fallback(self, address: str) -> Place:
        """For a transport that is not listened on: nobody can come back but over the connection that stands."""
        places = [place for some in self._places.values() for place in some]
        ipv6 = ":" in address
        return next((place for place in places if (":" in place.address.host) == ipv6), places[0])

    # -- ports ------------------------------------------------------------------------------------------------------

    def _bind_both(self, where: HostPort) -> None:
        """UDP and TCP on the same port."""
        for attempt in range(_PORT_ATTEMPTS):
            datagrams = self._udp_socket(where)
            try:
                acceptor = self._acceptor(Transport.TCP, datagrams.address)
            except OSError:
                datagrams.close()
                if where.port or attempt == _PORT_ATTEMPTS - 1:
                    raise
                continue
            self._keep_udp(datagrams, "")
            self._keep(Transport.TCP, acceptor, "")
            return

    def _bind(self, listener: Listener) -> None:
        where = HostPort(*listener.listen)
        if listener.transport is Transport.UDP:
            self._keep_udp(self._udp_socket(where), listener.advertise)
        else:
            self._keep(listener.transport, self._acceptor(listener.transport, where), listener.advertise)

    def _udp_socket(self, where: HostPort) -> UdpSocket:
        number = len(self._sockets) + 1
        with _named(Transport.UDP, where):
            return UdpSocket(where, self._on_datagram, self._on_batch, self._settings.drain_batch, number)

    def _acceptor(self, transport: Transport, where: HostPort) -> Acceptor:
        assert self._tls is not None or not transport.secure, "a secure listener needs a certificate"
        tls = self._tls if transport.secure else None
        with _named(transport, where):
            return Acceptor(where, self._handshakes, timeout=self._settings.connect_timeout, tls=tls)

    def _keep_udp(self, datagrams: UdpSocket, advertise: str) -> None:
        self._sockets.append(datagrams)
        self._keep_place(Transport.UDP, datagrams.address, advertise)

    def _keep(self, transport: Transport, acceptor: Acceptor, advertise: str) -> None:
        self._acceptors.append((acceptor, self._keep_place(transport, acceptor.address, advertise)))

    def _keep_place(self, transport: Transport, address: HostPort, advertise: str) -> Place:
        place = Place(transport=transport, address=address, advertise=advertise or self._settings.advertise)
        self._places[transport].append(place)
        return place


@contextmanager
def _named(transport: Transport, where: HostPort) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(
            f"Cannot listen for SIP on {where} ({transport.value}): {error.strerror or error}. "
            "Stop what uses the port, or choose another (--sip, sip.listen_tls, sip.listeners)."
        ) from error
