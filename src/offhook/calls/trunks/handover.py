"""How one call is handed to one gateway: number and caller as the trunk's rules write them, headers, codecs, time-outs."""

from __future__ import annotations

from collections.abc import Sequence

from offhook.calls.leg import ANONYMOUS, Caller, Channel, Destination
from offhook.calls.trunks.rewriting import rewritten
from offhook.calls.trunks.trunk import CallerHeader, Gateway, Trunk, gateway_uri
from offhook.sip.uri import NameAddr, Uri

AT_GATEWAY = "gateway"
"""``from_domain`` that means the host of the gateway."""


def handed_over(
    number: str,
    caller: Caller,
    trunk: Trunk,
    gateway: Gateway,
    *,
    headers: Sequence[tuple[str, str]] = (),
    channel: Channel | None = None,
) -> Destination:
    """The destination that rings ``number`` by ``gateway``, shown ``caller``."""
    at, shown = gateway_uri(gateway.uri), trunk.presentation
    called = rewritten(number, trunk.outbound.called)
    user = caller.user if caller.user == ANONYMOUS else rewritten(caller.user, trunk.outbound.caller)
    domain = at.host if shown.from_domain == AT_GATEWAY else shown.from_domain or caller.domain
    return Destination(
        uri=str(Uri(scheme=at.scheme, user=called, host=at.host, port=at.port, parameters=at.parameters)),
        from_user=shown.from_user or user,
        from_name=caller.name,
        from_domain=domain,
        username=trunk.username or None,
        password=trunk.password or None,
        headers=(*headers, *_identity(shown.caller_header, user, caller.name, domain or at.host)),
        contact_user=shown.contact_user,
        codecs=trunk.codecs,
        srtp=trunk.srtp,
        response_timeout=trunk.response_timeout,
        progress_timeout=trunk.progress_timeout,
        channel=channel,
    )


def _identity(header: CallerHeader, user: str, name: str, domain: str) -> list[tuple[str, str]]:
    """RFC 3325 section 9.1 and 9.2, or what came before it; a caller who stays unknown is asserted to nobody."""
    if header is CallerHeader.NONE:
        return []
    if user == ANONYMOUS:
        return [("Privacy", "id")]
    who = str(NameAddr(uri=Uri(user=user, host=domain), display_name=name))
    if header is CallerHeader.REMOTE_PARTY:
        who += ";party=calling;screen=yes;privacy=off"
    return [(header.value, who)]
