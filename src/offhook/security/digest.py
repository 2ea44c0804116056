"""HA1 of SIP digest credentials (RFC 8760 on RFC 7616 section 3.4.2): what is kept instead of a client's password."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

_HASHES: Final[Mapping[str, Callable[[bytes], str]]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}
ALGORITHMS: Final = tuple(_HASHES)


def ha1(login: str, realm: str, password: str, algorithm: str) -> str:
    """H(login:realm:password) in lower-case hexadecimal digits; ``algorithm`` is one of ``ALGORITHMS``."""
    return _HASHES[algorithm](f"{login}:{realm}:{password}".encode())


def ha1_of_every_algorithm(login: str, realm: str, password: str) -> dict[str, str]:
    """What a client's row keeps; the realm is the domain of its organization."""
    return {algorithm: ha1(login, realm, password, algorithm) for algorithm in ALGORITHMS}
