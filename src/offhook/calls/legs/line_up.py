"""Puts the SIP side of a node together: driver, exchange, location table and admission, wired to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from offhook.calls.admission import Admission
from offhook.calls.authentication import Authentication
from offhook.calls.directory import Directory
from offhook.calls.legs.exchange import SipExchange
from offhook.calls.legs.negotiation import MediaAddresses
from offhook.calls.settings import CallSettings
from offhook.calls.trunks.book import TrunkSource
from offhook.calls.trunks.live import Trunks
from offhook.media.session import Sessions
from offhook.media.settings import MediaSettings
from offhook.security.egress import Egress
from offhook.security.settings import EgressSettings
from offhook.security.tls import ClientTls, ServerTls
from offhook.sip.asyncio.driver import SipDriver
from offhook.sip.bans import Bans
from offhook.sip.capture.ladder import Tap
from offhook.sip.digest import Challenger
from offhook.sip.registrar import Registrar, RegistrarLimits
from offhook.sip.settings import SipSettings
from offhook.sip.sources import TrustedNetworks


def line_up(
    *,
    sip: SipSettings,
    media: MediaSettings,
    calls: CallSettings,
    domain: str,
    directory: Directory,
    sessions: Sessions,
    random_bits: Callable[[int], int],
    egress: EgressSettings,
    trunks: TrunkSource | None = None,
    tap: Tap | None = None,
    server_tls: ServerTls | None = None,
    client_tls: ClientTls | None = None,
) -> tuple[SipExchange, SipDriver]:
    """An exchange and its driver. ``exchange.connect(driver, switchboard)`` closes the circle before the driver listens.

    ``domain`` is the realm of the first organization's clients, ``trunks`` where trunks and routes come from; ``tap`` hears
    all messages.
    """
    now = asyncio.get_running_loop().time
    registrar, trusted = Registrar(RegistrarLimits(flow_timer=sip.flow_timer)), TrustedNetworks(sip.trust)
    bans = Bans(sip.bans, trusted)
    authentication = _authentication(sip, calls, domain, directory, bans, random_bits, now)
    live = Trunks(source=trunks, now=now, random_bits=random_bits)
    admission = Admission(
        authentication=authentication,
        registrar=registrar,
        trusted=trusted,
        trunks=live,
        strangers=calls.strangers,
        now=now,
    )
    rule = Egress((*egress.allow, *egress.sip))
    exchange = SipExchange(
        settings=sip,
        calls=calls,
        directory=directory,
        addresses=MediaAddresses(media=media, sip=sip, egress=rule),
        sessions=sessions,
        registrar=registrar,
        admission=admission,
        trunks=live,
        now=now,
        random_bits=random_bits,
    )
    driver = partial(SipDriver, sip, exchange.hear, random_bits=random_bits, bans=bans, tap=tap, permits=rule.permits)
    return exchange, driver(server_tls=server_tls, client_tls=client_tls)


def _authentication(
    sip: SipSettings,
    calls: CallSettings,
    domain: str,
    directory: Directory,
    bans: Bans,
    random_bits: Callable[[int], int],
    now: Callable[[], float],
) -> Authentication:
    secret = random_bits(256).to_bytes(32, "big")
    return Authentication(
        directory=directory,
        challenger=Challenger(secret, random_bits=random_bits, algorithms=sip.digest, qop=sip.digest_qop),
        bans=bans,
        domain=domain,
        lookup_timeout=calls.lookup_timeout,
        now=now,
    )
