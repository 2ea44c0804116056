"""Digest authentication (RFC 7616 with RFC 8760, as RFC 3261 §22 uses it): the values of its headers, and both sides of it.

Time and randomness are arguments. Users are looked up by whoever asks; a server needs only their HA1, a client the password.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from offhook.security.digest import ha1
from offhook.sip import grammar
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.uri import Uri

ALGORITHMS: Final = ("SHA-256", "MD5")
"""What is offered and understood, the strongest first."""

_HASHES: Final[Mapping[str, Callable[[bytes], str]]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}
_UNQUOTED: Final = ("response", "algorithm", "qop", "nc")
"""Parameters of credentials that are written without quotes, or hold only what needs none."""
_PAIR: Final = re.compile(
    r'\s*+([A-Za-z0-9\-.!%*_+`\'~]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^\s",]*+)\s*+(?:,|$)', re.DOTALL
)
_NOBODY: Final = "0" * 32
"""HA1 of users whom nobody knows."""
_NONCE: Final = re.compile(r"([0-9a-f]{12})([0-9a-f]{16})([0-9a-f]{32})")
_NONCE_COUNT: Final = re.compile(r"[0-9A-Fa-f]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A WWW-Authenticate or Proxy-Authenticate value."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    """As written, except that MD5 and SHA-256 (and their -sess forms) are in these letters."""
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False

    @classmethod
    def parse(cls, text: str) -> Challenge:
        """Read one challenge. Raises ``RemoteProtocolError``."""
        pairs = _pairs(text)
        if "realm" not in pairs or "nonce" not in pairs:
            raise RemoteProtocolError("a digest challenge without realm or nonce")
        if not grammar.is_token(pairs.get("algorithm", "MD5")):
            raise RemoteProtocolError("a digest challenge with an algorithm that is no token")
        return cls(
            realm=pairs["realm"],
            nonce=pairs["nonce"],
            algorithm=_algorithm(pairs.get("algorithm", "MD5")),
            qop=tuple(
                word for part in pairs.get("qop", "").split(",") if grammar.is_token(word := part.strip().lower())
            ),
            opaque=pairs.get("opaque"),
            stale=pairs.get("stale", "").lower() == "true",
        )

    def __str__(self) -> str:
        text = (
            f"Digest realm={grammar.quote(self.realm)}, nonce={grammar.quote(self.nonce)}, algorithm={self.algorithm}"
        )
        if self.qop:
            text += f', qop="{",".join(self.qop)}"'
        if self.opaque is not None:
            text += f", opaque={grammar.quote(self.opaque)}"
        return f"{text}, stale=true" if self.stale else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An Authorization or Proxy-Authorization value."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = "MD5"
    qop: str | None = None
    nonce_count: str | None = None
    """``nc``: eight hexadecimal digits."""
    cnonce: str | None = None
    opaque: str | None = None

    @classmethod
    def parse(cls, text: str) -> Credentials:
        """Read credentials. Raises ``RemoteProtocolError``."""
        pairs = _pairs(text)
        missing = [name for name in ("username", "realm", "nonce", "uri", "response") if name not in pairs]
        if missing:
            raise RemoteProtocolError(f"digest credentials without {', '.join(missing)}")
        if not all(grammar.is_token(pairs[name]) for name in _UNQUOTED if name in pairs):
            raise RemoteProtocolError("digest credentials with a response, algorithm, qop or nc that is no token")
        return cls(
            username=pairs["username"],
            realm=pairs["realm"],
            nonce=pairs["nonce"],
            uri=pairs["uri"],
            response=pairs["response"].lower(),
            algorithm=_algorithm(pairs.get("algorithm", "MD5")),
            qop=pairs["qop"].lower() if "qop" in pairs else None,
            nonce_count=pairs.get("nc"),
            cnonce=pairs.get("cnonce"),
            opaque=pairs.get("opaque"),
        )

    def __str__(self) -> str:
        quote = grammar.quote
        text = (
            f"Digest username={quote(self.username)}, realm={quote(self.realm)}, nonce={quote(self.nonce)}, "
            f'uri={quote(self.uri)}, response="{self.response}", algorithm={self.algorithm}'
        )
        if self.qop is not None:
            text += f", qop={self.qop}, nc={self.nonce_count}, cnonce={quote(self.cnonce or '')}"
        return f"{text}, opaque={quote(self.opaque)}" if self.opaque is not None else text


class Verdict(Enum):
    """What credentials are worth."""

    ACCEPTED = "accepted"
    STALE = "for a nonce that is too old, used up or not of our giving: challenge again with stale=true"
    REFUSED = "wrong"


class Challenger:
    """The server's side. Nonces carry their own proof, so a flood of requests that are never repeated costs no memory."""

    def __init__(
        self,
        secret: bytes,
        *,
        random_bits: Callable[[int], int],
        algorithms: Sequence[str] = ALGORITHMS,
        qop: Sequence[str] = ("auth",),
        lifetime: float = 300.0,
        max_nonces: int = 50_000,
    ) -> None:
        """``secret``: at least 16 bytes, the same as long as nonces shall live. ``lifetime``: seconds that a nonce is good for.

        ``algorithms``: what is offered, of ``ALGORITHMS``, the preferred first; credentials of any of them are accepted.
        ``qop``: what is offered, of ``auth`` and ``auth-int``; either is accepted.

        ``max_nonces``: nonces in use whose counts are remembered; beyond it the oldest is forgotten, and it and all that were
        given out before it and are not in use become stale: one more round trip, never a replay.
        """
        if len(secret) < 16:
            raise ValueError("the secret of nonces needs at least 16 bytes")
        self._secret = secret
        self._random_bits = random_bits
        self._algorithms = tuple(algorithms)
        self._qop = tuple(qop)
        self._lifetime_ms = int(lifetime * 1000)
        self._max_nonces = max_nonces
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """Nonce to when it was given out (ms) and the highest count seen, in the order of first use."""
        self._floor_ms = -1
        """Nonces given out up to here are stale unless they are in the table."""

    def challenges(self, realm: str, now: float, *, peer: str = "", stale: bool = False) -> list[str]:
        """A header value for every algorithm that is offered (RFC 8760 §2.4). ``now``: seconds, any steady origin.

        ``peer``: who shall answer. Nobody else can use the nonce, so whoever forges an address cannot answer for it.
        """
        issued = f"{int(now * 1000) & 0xFFFFFFFFFFFF:012x}{self._random_bits(64):016x}"
        nonce = issued + self._proof(issued, realm, peer)
        return [
            str(Challenge(realm=realm, nonce=nonce, algorithm=algorithm, qop=self._qop, stale=stale))
            for algorithm in self._algorithms
        ]

    def fresh(self, credentials: Credentials, *, realm: str, now: float, peer: str = "") -> bool:
        """Whether the nonce is one that ``peer`` got from us lately; nothing about the password."""
        match = _NONCE.fullmatch(credentials.nonce)
        if match is None or credentials.realm != realm:
            return False
        if not hmac.compare_digest(match[3], self._proof(match[1] + match[2], realm, peer)):
            return False
        return 0 <= int(now * 1000) - int(match[1], 16) <= self._lifetime_ms

    def verify(
        self,
        credentials: Credentials,
        *,
        realm: str,
        method: str,
        uri: str,
        secrets: Mapping[str, str],
        now: float,
        peer: str = "",
        body: bytes = b"",
    ) -> Verdict:
        """Check ``credentials`` of a request with ``method``, Request-URI ``uri`` and ``body`` that came from ``peer``.

        ``secrets`` maps algorithms to the user's HA1 for ``realm``; it is empty for nobody we know, whose credentials
        take as long to refuse as wrong ones. Of a nonce that is not fresh no word is said about the password: a phone
        that is told so tries again without asking its user, and a guesser learns nothing.
        """
        if not self.fresh(credentials, realm=realm, now=now, peer=peer):
            return Verdict.STALE
        if not (self._right(credentials, method, secrets, body) and _same_target(credentials.uri, uri)):
            return Verdict.REFUSED
        return Verdict.ACCEPTED if self._count(credentials, int(credentials.nonce[:12], 16), now) else Verdict.STALE

    @property
    def size(self) -> int:
        """Nonces whose counts are remembered."""
        return len(self._counts)

    def _right(self, credentials: Credentials, method: str, secrets: Mapping[str, str], body: bytes) -> bool:
        if credentials.algorithm not in ALGORITHMS or credentials.qop not in (None, "auth", "auth-int"):
            return False
        if credentials.qop is not None and not (
            credentials.cnonce and _NONCE_COUNT.fullmatch(credentials.nonce_count or "")
        ):
            return False
        secret = secrets.get(credentials.algorithm)
        expected = _response(secret or _NOBODY, credentials, method, body)
        same = hmac.compare_digest(expected.encode(), credentials.response.encode("utf-8", "surrogateescape"))
        return same and secret is not None

    def _count(self, credentials: Credentials, issued: int, now: float) -> bool:
        """Note the use of a nonce; False when it was used up to this count before."""
        # Without qop there is no count (RFC 2069): such a nonce is good for one request.
        count = int(credentials.nonce_count or "1", 16) if credentials.qop else 1
        known = self._counts.get(credentials.nonce)
        if known is None:
            if issued <= self._floor_ms:
                return False
            self._make_room(now)
        elif count <= known[1]:
            return False
        self._counts[credentials.nonce] = (issued, count)
        return True

    def _make_room(self, now: float) -> None:
        expired = int(now * 1000) - self._lifetime_ms
        while self._counts:
            issued = next(iter(self._counts.values()))[0]
            if issued >= expired:
                break
            self._counts.popitem(last=False)
        while len(self._counts) >= self._max_nonces:
            _, (issued, _) = self._counts.popitem(last=False)
            self._floor_ms = max(self._floor_ms, issued)

    def _proof(self, issued: str, realm: str, peer: str) -> str:
        given = f"{issued}:{peer}:{realm}".encode("utf-8", "surrogateescape")
        return hmac.digest(self._secret, given, "sha256")[:16].hex()


def strongest(challenges: Iterable[str]) -> Challenge | None:
    """The challenge to answer: the strongest algorithm that is understood; None when there is none, unreadable ones skipped."""
    best: Challenge | None = None
    for text in challenges:
        try:
            challenge = Challenge.parse(text)
        except RemoteProtocolError:
            continue
        if challenge.algorithm not in ALGORITHMS or (challenge.qop and not _chosen(challenge.qop)):
            continue
        if best is None or ALGORITHMS.index(challenge.algorithm) < ALGORITHMS.index(best.algorithm):
            best = challenge
    return best


def respond(
    challenge: Challenge,
    *,
    method: str,
    uri: str,
    username: str,
    password: str,
    cnonce: str,
    nonce_count: int = 1,
    body: bytes = b"",
) -> Credentials:
    """The client's answer to ``challenge``, one that ``strongest`` chose.

    ``cnonce``: fresh and random. ``nonce_count``: how many requests this nonce has served, this one included.
    """
    qop = _chosen(challenge.qop)
    credentials = Credentials(
        username=username,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        qop=qop,
        nonce_count=f"{nonce_count:08x}" if qop else None,
        cnonce=cnonce if qop else None,
        opaque=challenge.opaque,
    )
    secret = ha1(username, challenge.realm, password, challenge.algorithm)
    return replace(credentials, response=_response(secret, credentials, method, body))


def _chosen(qop: Sequence[str]) -> str | None:
    """The protection to use of those offered: of the body too only where nothing less will do, as middle boxes edit SDP."""
    return next((word for word in ("auth", "auth-int") if word in qop), None)


def _response(secret: str, credentials: Credentials, method: str, body: bytes) -> str:
    """The response of RFC 7616 §3.4.1, or that of RFC 2069 where there is no qop."""
    hashed = _HASHES[credentials.algorithm]
    a2 = f"{method}:{credentials.uri}"
    if credentials.qop == "auth-int":
        a2 += f":{hashed(body)}"
    ha2 = hashed(a2.encode("utf-8", "surrogateescape"))
    middle = credentials.nonce
    if credentials.qop is not None:
        middle += f":{credentials.nonce_count}:{credentials.cnonce}:{credentials.qop}"
    return hashed(f"{secret.lower()}:{middle}:{ha2}".encode("utf-8", "surrogateescape"))


def _pairs(text: str) -> dict[str, str]:
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        raise RemoteProtocolError(f"not digest authentication: {scheme[:20]!r}")
    pairs: dict[str, str] = {}
    position = 0
    rest = rest.strip()
    while position < len(rest):
        match = _PAIR.match(rest, position)
        if match is None:
            raise RemoteProtocolError("digest parameters that cannot be read")
        if match[1].lower() in pairs:
            raise RemoteProtocolError(f"the digest parameter {match[1][:20]} stands twice")
        pairs[match[1].lower()] = grammar.unquote(match[2])
        position = match.end()
    return pairs


def _algorithm(text: str) -> str:
    return next((known for known in ALGORITHMS if known.lower() == text.lower()), text)


def _same_target(written: str, uri: str) -> bool:
    """Whether the uri parameter names the request's target; phones may leave out port and parameters there."""
    if written == uri:
        return True
    try:
        one, other = Uri.parse(written), Uri.parse(uri)
    except RemoteProtocolError:
        return False
    return (one.user, one.host) == (other.user, other.host)
