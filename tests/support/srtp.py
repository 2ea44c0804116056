"""The far end's side of an enciphered line, by libsrtp."""

from __future__ import annotations

from pylibsrtp import Error, Policy, Session

from offhook.media.srtp import Security, SrtpSuite

PROFILES = {
    SrtpSuite.AEAD_AES_256_GCM: Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    SrtpSuite.AEAD_AES_128_GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    SrtpSuite.AES_CM_128_HMAC_SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    SrtpSuite.AES_CM_128_HMAC_SHA1_32: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}
"""What libsrtp's binding knows."""


def security(suite: SrtpSuite = SrtpSuite.AES_CM_128_HMAC_SHA1_80, fill: int = 1) -> Security:
    """Keys as an engine gets them."""
    size = suite.key_length
    return Security(suite=suite, sends=bytes([fill]) * size, receives=bytes([fill + 1]) * size)


class Protection:
    """Seals what the far end of an engine with this ``Security`` sends, and opens what it hears."""

    def __init__(self, engine: Security) -> None:
        profile = PROFILES[engine.suite]
        self._out = Session(Policy(key=engine.receives, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        self._in = Session(Policy(key=engine.sends, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
        self.refused = 0
        """Packets that were not genuine."""

    def seal(self, packet: bytes) -> bytes:
        return self._out.protect(packet)

    def open(self, packet: bytes) -> bytes:
        """Empty when it is not genuine."""
        try:
            return self._in.unprotect(packet)
        except Error:
            self.refused += 1
            return b""
