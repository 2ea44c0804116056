"""Browsers as the engine is told of them: ICE credentials (RFC 8445), and who the far end of a DTLS handshake must be (RFC 5763).

What their session descriptions say is read by ``sip.ice``; checks and handshakes are the engine's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from offhook.media.commands import CommandId, SessionId

HASHES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""Hash functions of fingerprints that we can check, with their bytes (RFC 8122 section 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IceCredentials:
    """One side's name and password for connectivity checks."""

    ufrag: str
    """4..256 characters; names the session at the port that all browsers share."""
    password: str = field(repr=False)
    """22..256 characters."""

    @property
    def words(self) -> tuple[str, str]:
        """As the compiled engine takes them."""
        return self.ufrag, self.password


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenToBrowser:
    """Let the session be reached at the port that all browsers share. Ends ``Finished`` with ``Opened``, or ``Failed``."""

    id: CommandId
    session: SessionId
    local: IceCredentials
    lite: bool = True
    """Answer connectivity checks and make none (RFC 8445 section 2.5): enough where browsers can reach us."""
    controlling: bool = False
    """Whether we decide which path is used: who made the offer does, unless lite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserPeer:
    """What signalling says of a browser."""

    local: IceCredentials
    """Ours. New ones on both sides are an ICE restart."""
    remote: IceCredentials
    fingerprint: tuple[str, bytes]
    """Of its certificate: a hash function of ``HASHES``, and the hash."""
    active: bool = False
    """Whether we begin the DTLS handshake."""
    candidates: tuple[str, ...] = ()
    """Where it may be, as in ``a=candidate`` without the name; unreadable ones are left out. More may come with the next."""

    @property
    def words(self) -> tuple[tuple[str, str], tuple[str, str], tuple[str, bytes], bool, list[str]]:
        """As the compiled engine takes it."""
        return self.local.words, self.remote.words, self.fingerprint, self.active, list(self.candidates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A self-signed certificate for DTLS. It proves nothing by itself: its fingerprint travels in signalling."""

    certificate: bytes
    """DER."""
    private_key: bytes = field(repr=False)
    """PKCS#8, DER."""

    @property
    def fingerprint(self) -> tuple[str, bytes]:
        """As session descriptions name it."""
        return "sha-256", hashlib.sha256(self.certificate).digest()

    @classmethod
    def new(cls) -> Identity:
        """A fresh one, for the life of a process (RFC 8827 section 6.5 asks for no more)."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "offhook")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=3650))
            .sign(key, hashes.SHA256())
        )
        encoding = serialization.Encoding.DER
        private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return cls(certificate=certificate.public_bytes(encoding), private_key=private)
