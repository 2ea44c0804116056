"""The driver: feeds the endpoint from the sockets, drains it, and keeps one timer armed. It knows no SIP."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import structlog

from offhook.security.tls import ClientTls, ServerTls
from offhook.sip.asyncio.acceptor import Handshakes
from offhook.sip.asyncio.connections import Connections
from offhook.sip.asyncio.departure import Departure
from offhook.sip.asyncio.listeners import Listeners, Place
from offhook.sip.asyncio.public_address import PublicAddress
from offhook.sip.asyncio.resolver import Resolver, reach_of
from offhook.sip.asyncio.stream import StreamConnection
from offhook.sip.asyncio.websocket import WebSocketConnection, Welcome
from offhook.sip.bans import Ban, Bans
from offhook.sip.capture.ladder import Deaf, Tap
from offhook.sip.dialog import DialogKey
from offhook.sip.endpoint import Endpoint
from offhook.sip.errors import NotLocated, RemoteProtocolError
from offhook.sip.events import CallEnded, CallHandle, Event, RequestHandle, SubscriptionHandle
from offhook.sip.flow import Flow, HostPort, Transmit, Transport
from offhook.sip.locating import Permits, anywhere, is_address
from offhook.sip.packages import Render, Termination
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Headers, InstantMessage, Invitation, RegisterOrder
from offhook.sip.uri import Uri

_LOG = structlog.get_logger(__name__)
_BEAT = 0.1
"""Seconds between measurements of the loop's lag."""
_BEATS = 3
"""Of so many the least counts: one stall is no overload, and refusing callers would not undo it."""
_WEB_PATH = "/sip"
"""Where the HTTPS port speaks SIP."""


class SipDriver:
    """``Signalling`` on real sockets; an async context manager that listens while it is open.

    ``async with SipDriver(settings, listener) as sip: sip.addresses; sip.invite(…)``. The listener is called on the
    loop, in order, once per event; it may call intentions. ``Signalling`` says what the intentions do.
    """

    def __init__(
        self,
        settings: SipSettings,
        listener: Callable[[Event], None],
        *,
        random_bits: Callable[[int], int],
        bans: Bans | None = None,
        tap: Tap | None = None,
        server_tls: ServerTls | None = None,
        client_tls: ClientTls | None = None,
        permits: Permits = anywhere,
    ) -> None:
        """``tap`` hears all messages. Secure listeners show ``server_tls``; ours go by the settings without ``client_tls``.
        ``permits`` says whether a far end on the public internet may lead us to an address.
        """
        self._settings = settings
        self._listener, self._tap = listener, tap or Deaf()
        self._tasks = asyncio.TaskGroup()
        self._resolver = Resolver(
            settings, reach_of(settings), random_bits=random_bits, tasks=self._tasks, permits=permits
        )
        self._welcome = Welcome(origins=settings.web_origins)
        self._connections = Connections(
            settings, self._received, self._drain, self._failed, self._lost, self._send, client_tls
        )
        self._endpoint = Endpoint(
            settings,
            random_bits=random_bits,
            local_address=self.local_address,
            bans=bans,
            on_alias=self._connections.alias,
            permits=permits,
        )
        self._listeners = Listeners(
            settings,
            on_datagram=self._received,
            on_batch=self._drain,
            accept=self._accept,
            handshakes=Handshakes(settings, self._connections.trusted, self._banned),
            tls=server_tls,
        )
        self._departure = Departure(
            self._resolver, self._listeners, self._connections, self._tap, self._tasks, self._undelivered, self._drain
        )
        self._public = PublicAddress(settings, self._listeners, self._resolver, random_bits)
        self._background: list[asyncio.Task[None]] = []
        self._timer: asyncio.Handle | None = None
        self._armed_at = 0.0
        """When it fires; uvloop's handles do not tell."""
        self._busy = False
        self._empty = asyncio.Event()
        self._clock: Callable[[], float] = lambda: 0.0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        self._listeners.bind()
        await self._tasks.__aenter__()
        self._connections.tasks = self._tasks
        self._listeners.open(self._tasks)
        await self._public.look()
        for work in (self._beat(), self._connections.sweep(), self._public.run()):
            self._background.append(self._tasks.create_task(work))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._endpoint.drain()
            self._endpoint.end_all(self._clock())
            self._drain()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._listeners.close()
            self._connections.close()
            self._resolver.close()
            for task in self._background:
                task.cancel()
            await self._tasks.__aexit__(None, None, None)

    @property
    def addresses(self) -> dict[str, HostPort]:
        """Where it listens, by transport, the first where there are several: ``{"udp": …, "tcp": …}``."""
        return self._listeners.addresses

    def sizes(self) -> dict[str, int]:
        """Entries of every table, and open connections."""
        return {**self._endpoint.sizes(), **self._resolver.sizes(), "connections": self._connections.size}

    def drain(self) -> None:
        """No new calls from now on (503); those in being go on."""
        self._endpoint.drain()

    def standing_bans(self) -> list[Ban]:
        return self._endpoint.bans.standing(self._clock())

    def lift_ban(self, source: str) -> bool:
        return self._endpoint.bans.lift(source)

    async def settled(self) -> None:
        """Wait until no call is left; bound it with ``asyncio.timeout``."""
        while self._endpoint.sizes()["calls"]:
            self._empty.clear()
            await self._empty.wait()

    # -- feed, drain, re-arm ----------------------------------------------------------------------------------------

    def _received(self, data: bytes, source: Flow) -> None:
        try:
            self._tap.received(data, source)
            self._endpoint.receive(data, source, self._clock())
        except Exception:  # noqa: BLE001  (a defect that one message meets must not cost others their connection)
            _LOG.exception("a SIP message could not be handled", source=source.host)

    def _send(self, transmit: Transmit) -> None:
        self._departure.send(transmit)

    def _undelivered(self, destination: Flow) -> None:
        self._endpoint.transport_failed(destination, self._clock())

    def _banned(self, host: str) -> bool:
        return self._endpoint.bans.banned(host, self._clock())

    def _failed(self, destination: Flow) -> None:
        self._undelivered(destination)
        self._drain()

    def _lost(self, flow: Flow) -> None:
        self._endpoint.flow_lost(flow)
        self._drain()

    def _drain(self) -> None:
        if self._busy:
            return  # called from the listener or a send: the loop below goes on until nothing is left
        self._busy = True
        endpoint = self._endpoint
        try:
            while True:
                transmits, events = endpoint.transmits(), endpoint.events()
                if not transmits and not events:
                    break
                for transmit in transmits:
                    self._departure.send(transmit)
                for event in events:
                    self._deliver(event)
        finally:
            self._busy = False
        self._arm()

    def _deliver(self, event: Event) -> None:
        if isinstance(event, CallEnded):
            self._empty.set()
        try:
            self._listener(event)
        except Exception:  # noqa: BLE001  (what fails for one call must not stop the others)
            _LOG.exception("a listener of SIP events failed", sip_event=type(event).__name__)

    def _arm(self) -> None:
        deadline = self._endpoint.deadline()
        timer = self._timer
        if timer is not None:
            if deadline is not None and self._armed_at <= deadline:
                return  # an early alarm finds nothing due and arms the next
            timer.cancel()
            self._timer = None
        if deadline is not None:
            self._armed_at = deadline
            self._timer = asyncio.get_running_loop().call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        try:
            self._endpoint.expire(self._clock())
        except Exception:  # noqa: BLE001  (the timers of other calls go on: those due are fired at the next arming)
            _LOG.exception("a SIP timer failed")
        self._drain()

    async def _beat(self) -> None:
        lags = deque([0.0], maxlen=_BEATS)
        while True:
            due = self._clock() + _BEAT
            await asyncio.sleep(_BEAT)
            lags.append(max(0.0, self._clock() - due))
            self._endpoint.lag(min(lags))

    # -- the sockets ------------------------------------------------------------------------------------------------

    def _accept(self, place: Place) -> asyncio.Protocol:
        if place.transport.web:
            return WebSocketConnection(self._connections, place, self._welcome)
        return StreamConnection(self._connections, place.transport, place=place)

    def web_socket(self, address: tuple[str, int]) -> WebSocketConnection:
        """A secure WebSocket at path ``/sip`` of an HTTPS server at ``address``, which hands over what it has received."""
        place = Place(transport=Transport.WSS, address=HostPort(*address), advertise=self._settings.advertise)
        return WebSocketConnection(self._connections, place, replace(self._welcome, path=_WEB_PATH))

    # -- intentions -------------------------------------------------------------------------------------------------

    def local_address(self, peer: Flow) -> HostPort:
        address = peer if is_address(peer.host) else self._resolver.at_once(peer) or peer
        connection = self._connections.numbered(peer.connection) if peer.transport.reliable else None
        return self._listeners.called(peer, address.host, None if connection is None else connection.place)

    async def locate(self, target: str) -> tuple[Flow, ...]:
        try:
            uri = Uri.parse(target)
        except RemoteProtocolError as error:
            raise NotLocated(str(error)) from error
        return await self._resolver.locate(uri)

    def invite(self, invitation: Invitation) -> CallHandle:
        handle = self._endpoint.invite(invitation, self._clock())
        # Not at once: sending may fail there and then, and nobody can be told of the end of a call not yet known to him.
        asyncio.get_running_loop().call_soon(self._drain)
        return handle

    def acknowledge(self, call: CallHandle, sdp: bytes) -> None:
        self._endpoint.acknowledge(call, sdp, self._clock())
        self._drain()

    def ring(self, call: CallHandle, code: int = 180, *, sdp: bytes | None = None, headers: Headers = ()) -> None:
        self._endpoint.ring(call, self._clock(), code, sdp=sdp, headers=headers)
        self._drain()

    def answer(self, call: CallHandle, sdp: bytes | None, headers: Headers = ()) -> None:
        self._endpoint.answer(call, sdp, self._clock(), headers)
        self._drain()

    def refuse(self, call: CallHandle, code: int, reason: str = "", headers: Headers = ()) -> None:
        self._endpoint.refuse(call, code, self._clock(), reason, headers)
        self._drain()

    def challenge(
        self, handle: CallHandle | RequestHandle | SubscriptionHandle, challenges: Sequence[str], *, proxy: bool = False
    ) -> None:
        self._endpoint.challenge(handle, challenges, self._clock(), proxy=proxy)
        self._drain()

    def hangup(self, call: CallHandle, reason: str = "", headers: Headers = ()) -> None:
        self._endpoint.hangup(call, self._clock(), reason, headers)
        self._drain()

    def reinvite(self, call: CallHandle, sdp: bytes, headers: Headers = ()) -> None:
        self._endpoint.reinvite(call, sdp, self._clock(), headers)
        self._drain()

    def accept_offer(self, call: CallHandle, sdp: bytes) -> None:
        self._endpoint.accept_offer(call, sdp, self._clock())
        self._drain()

    def update(self, call: CallHandle, sdp: bytes, headers: Headers = ()) -> None:
        self._endpoint.update(call, sdp, self._clock(), headers)
        self._drain()

    def refuse_offer(self, call: CallHandle, code: int = 488, headers: Headers = ()) -> None:
        self._endpoint.refuse_offer(call, self._clock(), code, headers)
        self._drain()

    def info(self, call: CallHandle, content_type: str, body: bytes) -> None:
        self._endpoint.info(call, content_type, body, self._clock())
        self._drain()

    def allows(self, call: CallHandle, method: str) -> bool:
        return self._endpoint.allows(call, method)

    def refer(self, call: CallHandle, refer_to: str, headers: Headers = ()) -> None:
        self._endpoint.refer(call, refer_to, self._clock(), headers)
        self._drain()

    def accept_refer(self, refer: SubscriptionHandle) -> None:
        self._endpoint.accept_refer(refer, self._clock())
        self._drain()

    def refuse_refer(self, refer: SubscriptionHandle, code: int) -> None:
        self._endpoint.refuse_refer(refer, code, self._clock())
        self._drain()

    def tell_refer(self, refer: SubscriptionHandle, code: int, reason: str = "") -> None:
        self._endpoint.tell_refer(refer, code, self._clock(), reason)
        self._drain()

    def find(self, call_id: str, our_tag: str, their_tag: str) -> CallHandle | None:
        return self._endpoint.find(call_id, our_tag, their_tag)

    def names(self, call: CallHandle) -> DialogKey | None:
        return self._endpoint.names(call)

    def accept_subscription(self, subscription: SubscriptionHandle) -> None:
        self._endpoint.accept_subscription(subscription, self._clock())
        self._drain()

    def refuse_subscription(self, subscription: SubscriptionHandle, code: int, headers: Headers = ()) -> None:
        self._endpoint.refuse_subscription(subscription, code, self._clock(), headers)
        self._drain()

    def notify(self, subscription: SubscriptionHandle, content_type: str, render: Render) -> None:
        self._endpoint.notify(subscription, content_type, render, self._clock())
        self._drain()

    def end_subscription(self, subscription: SubscriptionHandle, reason: Termination) -> None:
        self._endpoint.end_subscription(subscription, reason, self._clock())
        self._drain()

    def message(self, message: InstantMessage) -> RequestHandle:
        handle = self._endpoint.message(message, self._clock())
        asyncio.get_running_loop().call_soon(self._drain)  # whoever asked knows the handle before its answer comes
        return handle

    def register(self, order: RegisterOrder) -> RequestHandle:
        handle = self._endpoint.register(order, self._clock())
        asyncio.get_running_loop().call_soon(self._drain)  # as for invite
        return handle

    def ping(self, target: str, destinations: Sequence[Flow] = (), path: Sequence[str] = ()) -> RequestHandle:
        handle = self._endpoint.ping(target, self._clock(), destinations, path)
        asyncio.get_running_loop().call_soon(self._drain)  # as for invite
        return handle

    def reply(
        self, handle: RequestHandle, code: int, reason: str = "", *, headers: Headers = (), body: bytes = b""
    ) -> None:
        self._endpoint.reply(handle, code, self._clock(), reason, headers=headers, body=body)
        self._drain()
