"""TLS contexts: which certificate is shown under which name (SNI), to whom we listen, whom we believe; renewed in place.

TLS 1.2 or later. Files are read again by ``reload``: connections that stand keep what they have.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from offhook.security.certificates import Certificate, TlsError, load, names_in

log = structlog.get_logger(__name__)

_OLDEST: Final = ssl.TLSVersion.TLSv1_2


class ServerTls:
    """What a listener shows and demands. ``context`` stays the same object for ever; what it leads to is renewed."""

    def __init__(
        self,
        certificates: Sequence[Certificate],
        *,
        protocols: Sequence[str] = (),
        client_ca: Path | None = None,
        client_required: bool = False,
    ) -> None:
        """The first of ``certificates`` is for whoever asks for no name, or for one that none has. ``protocols`` are
        those of ALPN. With ``client_ca`` clients may show a certificate of these authorities, and with
        ``client_required`` they must. Raises ``TlsError``.
        """
        self._certificates = tuple(certificates)
        self._protocols = list(protocols)
        self._client_ca = client_ca
        self._demand = ssl.CERT_NONE
        if client_ca is not None:
            self._demand = ssl.CERT_REQUIRED if client_required else ssl.CERT_OPTIONAL
        self._seen = self._files()
        self._default, self._by_name = self._build()
        self.context = self._new(self._certificates[0])
        self.context.sni_callback = self._choose

    def reload(self) -> bool:
        """Read the files again if any has changed; whether one had. Raises ``TlsError`` and keeps what was."""
        seen = self._files()
        if seen == self._seen:
            return False
        self._seen = seen  # also when it fails: files that are broken are complained of once
        self._default, self._by_name = self._build()
        return True

    def _build(self) -> tuple[ssl.SSLContext, dict[str, ssl.SSLContext]]:
        contexts = [self._new(certificate) for certificate in self._certificates]
        by_name: dict[str, ssl.SSLContext] = {}
        for certificate, context in zip(self._certificates, contexts, strict=True):
            for name in names_in(certificate):
                by_name.setdefault(name, context)
        return contexts[0], by_name

    def _new(self, certificate: Certificate) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _OLDEST
        context.set_alpn_protocols(self._protocols)
        load(context, certificate)
        context.verify_mode = self._demand
        if self._client_ca is not None:
            _trust(context, self._client_ca)
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, _front: ssl.SSLContext) -> None:
        asked = (name or "").lower().rstrip(".")
        wildcard = f"*.{asked.partition('.')[2]}"
        connection.context = self._by_name.get(asked) or self._by_name.get(wildcard) or self._default

    def _files(self) -> list[tuple[int, int, int]]:
        paths = [path for each in self._certificates for path in (each.cert_file, each.key_file)]
        return [_state(path) for path in [*paths, *([self._client_ca] if self._client_ca else [])]]


class ClientTls:
    """Whom we believe when we connect, and what we show when we are asked."""

    def __init__(
        self, *, verify: bool = True, ca_file: Path | None = None, certificate: Certificate | None = None
    ) -> None:
        """``ca_file``: authorities to believe, the system's when None. Without ``verify`` everybody is believed."""
        self._verify = verify
        self._ca_file = ca_file
        self._certificate = certificate
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Made at the first call, which reads files: tens of milliseconds for the system's authorities. Raises ``TlsError``."""
        if self._context is None:
            self._context = self._new()
        return self._context

    def reload(self) -> None:
        """Read the files again before the next connection."""
        self._context = None

    def _new(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = _OLDEST
        if not self._verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self._ca_file is None:
            context.load_default_certs()
        else:
            _trust(context, self._ca_file)
        if self._certificate is not None:
            load(context, self._certificate)
        return context


async def watch(servers: Sequence[ServerTls], client: ClientTls, interval: float) -> None:
    """Look at the files every ``interval`` seconds, for ever; 0 never looks."""
    while interval:
        await asyncio.sleep(interval)
        renew(servers, client)


def renew(servers: Sequence[ServerTls], client: ClientTls) -> None:
    """Take files that have changed; what cannot be used is logged, and the old goes on."""
    for server in servers:
        try:
            changed = server.reload()
        except TlsError as error:
            log.exception("certificate_not_renewed", error=str(error))
        else:
            if changed:
                client.reload()
                log.info("certificate_renewed")


def names_shown(certificate: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Whom a verified peer certificate (``SSLObject.getpeercert``) names, in lower case: domains of ``sip:`` URIs first,
    then DNS names, then addresses (RFC 5922 §7.1), and the common name where there is nothing else.
    """
    return tuple(dict.fromkeys(name.lower() for name in _names(certificate))) if certificate else ()


def _names(certificate: Mapping[str, Any]) -> Iterator[str]:
    alternatives: tuple[tuple[str, str], ...] = certificate.get("subjectAltName", ())
    found = False
    for kind in ("URI", "DNS", "IP Address"):
        for name, value in alternatives:
            if name != kind:
                continue
            scheme, _, domain = value.partition(":")
            if kind == "URI" and (scheme.lower() not in ("sip", "sips") or "@" in domain):
                continue
            found = True
            yield domain if kind == "URI" else value
    if not found:
        for relative in certificate.get("subject", ()):
            yield from (value for name, value in relative if name == "commonName")


def _trust(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(f"Cannot use {ca_file} as certificate authorities: {error}. It must be a PEM file.") from error


def _state(path: Path) -> tuple[int, int, int]:
    """What tells a file from the one that was there before."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino
