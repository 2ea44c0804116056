"""Enciphered media (RFC 3711) as the engine is told of it: suites, keys, and when a leg wants them.

Which key a far end named is read by ``sip.crypto``; the ciphers are the engine's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class SrtpPolicy(StrEnum):
    """What a leg wants of its media."""

    OFF = "off"
    """Plain RTP only; an offer that insists on SRTP is refused."""
    OPTIONAL = "optional"
    """SRTP where the far end offers it; offered where signalling is confidential, so that the key is."""
    REQUIRED = "required"
    """SRTP or no call."""


class SrtpSuite(StrEnum):
    """Names as in SDP ``a=crypto`` (RFC 4568, RFC 6188, RFC 7714)."""

    AEAD_AES_256_GCM = "AEAD_AES_256_GCM"
    AEAD_AES_128_GCM = "AEAD_AES_128_GCM"
    AES_256_CM_HMAC_SHA1_80 = "AES_256_CM_HMAC_SHA1_80"
    AES_CM_128_HMAC_SHA1_80 = "AES_CM_128_HMAC_SHA1_80"
    AES_CM_128_HMAC_SHA1_32 = "AES_CM_128_HMAC_SHA1_32"

    @property
    def key_length(self) -> int:
        """Bytes of a master key with its salt."""
        return _KEY_LENGTHS[self]


_KEY_LENGTHS = {
    SrtpSuite.AEAD_AES_256_GCM: 44,
    SrtpSuite.AEAD_AES_128_GCM: 28,
    SrtpSuite.AES_256_CM_HMAC_SHA1_80: 46,
    SrtpSuite.AES_CM_128_HMAC_SHA1_80: 30,
    SrtpSuite.AES_CM_128_HMAC_SHA1_32: 30,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """What both sides agreed on. Keys are master key and salt, of the suite's ``key_length``; they are never shown."""

    suite: SrtpSuite
    sends: bytes = field(repr=False)
    """Key of what we send."""
    receives: bytes = field(repr=False)
    """Key of what the far end sends."""

    def __post_init__(self) -> None:
        if {len(self.sends), len(self.receives)} != {self.suite.key_length}:
            raise ValueError(f"a key of {self.suite} is {self.suite.key_length} bytes with its salt")
