"""Tests a trunk as a carrier's engineer would: are the names right, is somebody there, does it answer, does a call get through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from offhook.calls.leg import Caller, Destination, LegAnswered, LegEnded, LegEvent, LegFailed, LegRinging, OutgoingLeg
from offhook.calls.trunks.findings import GATEWAYS, Finding, of_failed_connection, of_pong, of_refusal
from offhook.calls.trunks.handover import handed_over
from offhook.calls.trunks.live import Trunks
from offhook.calls.trunks.probing import Ping
from offhook.calls.trunks.selection import in_order
from offhook.calls.trunks.trunk import Gateway, Trunk
from offhook.security.certificates import TlsError
from offhook.security.tls import ClientTls
from offhook.sip.errors import SipError
from offhook.sip.flow import Flow, HostPort
from offhook.sip.registration import RegistrationState
from offhook.sip.signalling import Signalling

Hunting = Callable[[Sequence[Destination]], OutgoingLeg]
"""Makes the leg of a call that tries one gateway after the other."""


class Trial:
    """Tests trunks; tells what it finds."""

    def __init__(
        self,
        signalling: Signalling,
        trunks: Trunks,
        ping: Ping,
        hunting: Hunting | None,
        *,
        tls: ClientTls,
        connect_timeout: float,
    ) -> None:
        """``hunting`` makes the leg of a test call, None where no calls can be made; ``connect_timeout``: seconds for a connection to open."""
        self._signalling = signalling
        self._trunks = trunks
        self._ping = ping
        self._hunting = hunting
        self._tls = tls
        self._connect_timeout = connect_timeout

    async def run(self, trunk: Trunk, *, number: str = "", caller: str = "", ring: float = 12.0) -> list[Finding]:
        """Look at every gateway; then call ``number``, where one is given, shown ``caller``, for ``ring`` seconds at most."""
        gateways = [gateway for gateway in trunk.gateways if gateway.enabled]
        if not gateways:
            mend = "give it a gateway (OriginationUrls; gateways in offhook.toml), and enable it"
            return [
                Finding(subject="gateways", fine=False, text=f"trunk {trunk.name} has none that is enabled", mend=mend)
            ]
        looks = await asyncio.gather(*(self._gateway(trunk, gateway) for gateway in gateways))
        findings = [finding for look in looks for finding in look]
        if trunk.register_expires is not None:
            findings.append(self._registration(trunk))
        if number and self._hunting is not None:
            findings.append(await self._call(self._hunting, trunk, number, caller, ring))
        return findings

    async def _gateway(self, trunk: Trunk, gateway: Gateway) -> list[Finding]:
        head = Finding(subject="gateway", fine=True, text=gateway.uri)
        try:
            servers = await self._signalling.locate(gateway.uri)
        except (SipError, OSError) as error:
            mend = f"correct the name in {GATEWAYS}, or its DNS records"
            return [head, Finding(subject="name", fine=False, text=str(error), mend=mend)]
        shown = ", ".join(f"{HostPort(server.host, server.port)} ({server.transport.value})" for server in servers[:5])
        findings = [head, Finding(subject="name", fine=True, text=f"leads to {shown}")]
        if servers[0].transport.reliable:
            found = await self._connect(servers[0])
            findings.append(found)
            if not found.fine:
                return findings
        findings.append(of_pong(await self._ping(gateway.uri, trunk.probing.timeout)))
        return findings

    async def _connect(self, server: Flow) -> Finding:
        place = str(HostPort(server.host, server.port))
        try:
            context = await asyncio.to_thread(self._tls.context) if server.transport.secure else None
            name = (server.name or server.host) if context is not None else None
            async with asyncio.timeout(self._connect_timeout):
                _, writer = await asyncio.open_connection(server.host, server.port, ssl=context, server_hostname=name)
        except OSError as error:
            return of_failed_connection(error, place)
        except TlsError as error:
            return Finding(subject="connect", fine=False, text=str(error), mend="correct the [sip] tls settings")
        writer.close()
        secured = ", and its certificate is trusted" if context is not None else ""
        return Finding(subject="connect", fine=True, text=f"{place} takes connections{secured}")

    def _registration(self, trunk: Trunk) -> Finding:
        standing = self._trunks.standings.get(trunk.key)
        if standing is not None and standing.state is RegistrationState.REGISTERED:
            return Finding(subject="register", fine=True, text=f"we are registered at {standing.registrar}")
        reason = "no registrar has answered yet" if standing is None or not standing.reason else standing.reason
        mend = "Username, Password and FromDomain of the trunk must be those of the carrier's account"
        return Finding(subject="register", fine=False, text=reason, mend=mend)

    async def _call(self, hunting: Hunting, trunk: Trunk, number: str, caller: str, ring: float) -> Finding:
        shown = Caller(user=caller or trunk.username or "anonymous")
        gateways = in_order(trunk.gateways, lambda _: 0)
        leg = hunting([handed_over(number, shown, trunk, gateway) for gateway in gateways])
        call = _TestCall(leg)
        try:
            async with asyncio.timeout(ring):
                await leg.invite()
                await call.decided.wait()
        except TimeoutError:
            if call.rings:
                return Finding(subject="call", fine=True, text=f"{number} rings; nobody answered within {ring:g} s")
            mend = f"it says neither that {number} rings nor why not: ask the carrier"
            return Finding(subject="call", fine=False, text=f"nothing happened within {ring:g} s", mend=mend)
        except LegFailed as failure:
            return of_refusal(LegEnded(by_far_end=True, sip_code=failure.sip_code, reason=str(failure)))
        finally:
            leg.drop("a test call")
            await leg.closed()
        if call.ended is not None:
            return of_refusal(call.ended)
        return Finding(subject="call", fine=True, text=f"{number} answered, and audio is agreed on")


class _TestCall:
    """What a leg tells of a test call until it is decided."""

    def __init__(self, leg: OutgoingLeg) -> None:
        self.rings = False
        self.ended: LegEnded | None = None
        self.decided = asyncio.Event()
        leg.listen(self._hear)

    def _hear(self, event: LegEvent) -> None:
        match event:
            case LegRinging():
                self.rings = True
            case LegAnswered():
                self.decided.set()
            case LegEnded() if not self.decided.is_set():
                self.ended = event
                self.decided.set()
            case _:
                pass
