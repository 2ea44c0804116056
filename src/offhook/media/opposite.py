"""A media session whose far end is another session of ours: what the one sends, the other hears."""

from __future__ import annotations

from ipaddress import ip_address

from offhook.media.commands import Codec
from offhook.media.operation import MediaFailed
from offhook.media.session import MediaSession

_CODEC, _PAYLOAD, _KEYS = Codec.L16_16, 96, 101
"""Nothing is lost on the way between the two, and keys go as keys."""


async def opposite(session: MediaSession) -> MediaSession:
    """A new session in the place of the far end of ``session``, which is open: whoever is bridged with the new one hears what
    is played in the old one, and is heard, recorded and understood there. What plays there goes on. Close the new one when
    the old one is over. Raises ``MediaFailed``.
    """
    local = session.local
    if local is None:
        raise MediaFailed("the media session is not open")
    host = _reachable(local.host)
    other = session.sibling()
    opened = await other.open(host)
    try:
        for one, port in ((other, local.port), (session, opened.port)):
            await one.connect(
                remote=(host, port), codec=_CODEC, payload_type=_PAYLOAD, dtmf_payload_type=_KEYS, dtmf_clock=16_000
            )
    except BaseException:
        other.start_close()
        raise
    return other


def _reachable(host: str) -> str:
    """Where a session that is bound to ``host`` is reached from here."""
    address = ip_address(host)
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"
