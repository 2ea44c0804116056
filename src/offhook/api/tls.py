"""Which certificates this node shows to whom: the API's, those of SIP, and what SIP believes when it connects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from offhook.api.settings import ApiSettings
from offhook.security import tls
from offhook.security.certificates import Certificate, TlsError, given, local
from offhook.security.tls import ClientTls, ServerTls
from offhook.sip.settings import SipSettings
from offhook.vocabulary.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTls:
    """The contexts of one node; ``renew`` and ``watch`` keep them up to date with their files."""

    ca_file: Path
    """What clients of the API need to trust."""
    api: ServerTls
    sip: ServerTls
    outgoing: ClientTls
    """For SIP connections of ours."""

    def renew(self) -> None:
        """Take certificate files that have changed, for new connections."""
        tls.renew((self.api, self.sip), self.outgoing)

    async def watch(self, interval: float) -> None:
        """Do so every ``interval`` seconds, for ever."""
        await tls.watch((self.api, self.sip), self.outgoing, interval)


def configured(api: ApiSettings, sip: SipSettings, directory: Path, *, clock: Clock) -> NodeTls:
    """The certificates that the settings name, else the local authority's in ``directory``. Raises ``TlsError``."""
    own = certificate(api, directory, clock=clock)
    shown = own if sip.tls_cert is None else _pair(sip.tls_cert, sip.tls_key, "sip.tls_cert and sip.tls_key")
    further = [given(each.cert, each.key) for each in sip.certificates]
    return NodeTls(
        ca_file=own.ca_file,
        api=ServerTls([own], protocols=["http/1.1"]),
        sip=ServerTls([shown, *further], client_ca=sip.tls_client_ca, client_required=sip.tls_client_required),
        outgoing=ClientTls(verify=sip.tls_verify, ca_file=sip.tls_ca, certificate=shown),
    )


def certificate(settings: ApiSettings, directory: Path, *, clock: Clock) -> Certificate:
    """The API's. Raises ``TlsError``."""
    if settings.tls_cert or settings.tls_key:
        return _pair(settings.tls_cert, settings.tls_key, "--tls-cert and --tls-key")
    return local(directory, clock=clock, names=settings.tls_names, renew_before=settings.tls_renew_before)


def _pair(cert: Path | None, key: Path | None, options: str) -> Certificate:
    if cert is None or key is None:
        raise TlsError(f"A certificate and its key are given together: {options}.")
    return given(cert, key)
