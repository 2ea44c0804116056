"""Certificates for tests, each set by an authority of its own."""

from __future__ import annotations

from pathlib import Path

from offhook.security.certificates import Certificate, local
from offhook.security.tls import ClientTls, ServerTls
from offhook.vocabulary.clock import SystemClock


def certificate(directory: Path, *names: str) -> Certificate:
    """For localhost, the loopback addresses and ``names``."""
    return local(directory, clock=SystemClock(), names=names)


def both_ways(made: Certificate) -> dict[str, object]:
    """What a driver needs to show this certificate and to believe its authority."""
    return {"server_tls": ServerTls([made]), "client_tls": ClientTls(ca_file=made.ca_file)}
