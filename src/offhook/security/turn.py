"""Credentials for an external TURN server such as coturn, which relays for browsers that no other way leads out of.

Time-limited ones, as its ``use-auth-secret`` checks them (draft-uberti-behave-turn-rest): the user name says until when it is good,
the password proves that it came from somebody who shares the server's secret. Nothing is stored, nobody is asked.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class IceServer:
    """One entry of ``RTCConfiguration.iceServers``."""

    url: str
    username: str | None
    credential: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCredentials:
    """Good for all relays that share the secret, until they expire."""

    username: str
    password: str = field(repr=False)

    @classmethod
    def lent(cls, secret: str, name: str, expires: int) -> TurnCredentials:
        """To ``name``, which the relay's log will show, until ``expires`` (seconds of Unix time)."""
        username = f"{expires}:{name}"
        digest = hmac.digest(secret.encode(), username.encode(), "sha1")
        return cls(username=username, password=base64.b64encode(digest).decode())

    def servers(self, urls: Sequence[str]) -> tuple[IceServer, ...]:
        """Whom a browser may ask: relays with the credentials, ``stun:`` servers without, which want none."""
        return tuple(
            IceServer(url=url, username=None, credential=None)
            if url.startswith(("stun:", "stuns:"))
            else IceServer(url=url, username=self.username, credential=self.password)
            for url in urls
        )
