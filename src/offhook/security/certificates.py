"""The certificate that this node shows: a given one, or one of a local certificate authority made on first start.

The authority is for development and closed networks: peers trust its ``ca.pem``. It revokes nothing.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from offhook.vocabulary.clock import Clock

_CA_LIFE: Final = timedelta(days=3650)
_LIFE: Final = timedelta(days=365)
_SKEW: Final = timedelta(hours=1)
"""Certificates begin this long ago, for peers whose clock is behind."""
_ALWAYS: Final = ("localhost", "127.0.0.1", "::1")


class TlsError(Exception):
    """No certificate can be served; the message says which file and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files of the certificate in use."""

    cert_file: Path
    key_file: Path
    ca_file: Path
    """What clients need to trust: the authority's certificate, or the given chain itself."""


def given(cert_file: Path, key_file: Path) -> Certificate:
    """The operator's own certificate. Raises ``TlsError`` when it cannot be read or the key is not its key."""
    certificate = Certificate(cert_file=cert_file, key_file=key_file, ca_file=cert_file)
    load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate)
    return certificate


def load(context: ssl.SSLContext, certificate: Certificate) -> None:
    """Let ``context`` show the certificate. Raises ``TlsError``."""
    try:
        context.load_cert_chain(certificate.cert_file, certificate.key_file)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(
            f"Cannot use certificate {certificate.cert_file} with key {certificate.key_file}: {error}. "
            "Both must be readable PEM files, and the key must belong to the certificate."
        ) from error


def names_in(certificate: Certificate) -> tuple[str, ...]:
    """Host names that it is for, in lower case; ``*.example.org`` stands as it is. Raises ``TlsError``."""
    try:
        cert = x509.load_pem_x509_certificate(certificate.cert_file.read_bytes())
        found = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except (OSError, ValueError) as error:
        raise TlsError(f"Cannot read certificate {certificate.cert_file}: {error}") from error
    return tuple(name.lower() for name in found.get_values_for_type(x509.DNSName))


def local(directory: Path, *, clock: Clock, names: tuple[str, ...] = (), renew_before: float = 0.0) -> Certificate:
    """The local authority's certificate in ``directory``, made or renewed when it is missing, expiring or lacks a name."""
    wanted = tuple(dict.fromkeys((*_ALWAYS, socket.gethostname(), *names)))
    now = clock.utc()
    files = Certificate(
        cert_file=directory / "server.pem", key_file=directory / "server-key.pem", ca_file=directory / "ca.pem"
    )
    ca_key_file = directory / "ca-key.pem"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = now + timedelta(seconds=renew_before)
        authority = _load(files.ca_file, ca_key_file)
        # The authority must outlive what it signs, and so it is renewed first.
        if authority is None or authority[0].not_valid_after_utc < now + _LIFE + _SKEW:
            authority = _make_authority(now)
            _write(files.ca_file, ca_key_file, *authority)
            current = None
        else:
            current = _load(files.cert_file, files.key_file)
        if current is None or not _serves(current[0], authority[0], wanted, fresh):
            _write(files.cert_file, files.key_file, *_make_server(wanted, now, authority))
    except OSError as error:
        raise TlsError(f"Cannot keep the certificate in {directory}: {error}. Make the directory writable.") from error
    return files


_Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _load(cert_file: Path, key_file: Path) -> _Pair | None:
    """A certificate and its key; None when a file is missing, damaged or belongs to another key."""
    try:
        cert = x509.load_pem_x509_certificate(cert_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or cert.public_key() != key.public_key():
        return None
    return cert, key


def _serves(cert: x509.Certificate, authority: x509.Certificate, wanted: tuple[str, ...], fresh: datetime) -> bool:
    if cert.not_valid_after_utc < fresh or cert.issuer != authority.subject:
        return False
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(_alternatives(wanted)) <= set(names)


def _alternatives(names: tuple[str, ...]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            # A host's own name may hold what no certificate can carry; such a name is left out, not fatal.
            if name and name.isascii():
                found.append(x509.DNSName(name))
    return found


def _make_authority(now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # The serial number in the name tells a renewed authority from the one before it.
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"offhook local authority {serial:x}"[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "offhook"),
        ]
    )
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return cert, key


def _make_server(names: tuple[str, ...], now: datetime, authority: _Pair) -> _Pair:
    ca_cert, ca_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    cert = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "offhook")]))
        .issuer_name(ca_cert.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return cert, key


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(cert_file: Path, key_file: Path, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """Replace both files; a crash between the two leaves a pair that ``_load`` refuses and the next start makes anew."""
    _replace(
        key_file,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        mode=0o600,
    )
    _replace(cert_file, cert.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _replace(file: Path, content: bytes, *, mode: int) -> None:
    """Write atomically; the file never exists with wider permissions than ``mode``."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
