"""TLS contexts, by real handshakes in memory."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import pytest

from offhook.security import tls
from offhook.security.certificates import Certificate, TlsError
from offhook.security.tls import ClientTls, ServerTls
from tests.support.certificates import certificate


def handshake(
    server: ServerTls, client: ssl.SSLContext, name: str = "localhost"
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Both ends of a connection. Raises what the handshake raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.context.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_hostname=name),
    ]
    waiting = list(ends)
    for _ in range(10):
        for end in list(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
        if not waiting:
            return ends[0], ends[1]
    raise AssertionError("the handshake does not end")


def shown(server: ServerTls, name: str, *, believed: Path) -> tuple[str, ...]:
    """Whom the certificate names that ``server`` shows to who asks for ``name``."""
    context = ClientTls(ca_file=believed).context()
    context.check_hostname = False
    return tls.names_shown(handshake(server, context, name)[1].getpeercert())


def replace(old: Certificate, new: Certificate) -> None:
    shutil.copy(new.key_file, old.key_file)
    shutil.copy(new.cert_file, old.cert_file)


def test_who_asks_for_a_name_is_shown_its_certificate_and_others_the_first(tmp_path: Path) -> None:
    one = certificate(tmp_path, "one.example")
    first = Certificate(cert_file=tmp_path / "1.pem", key_file=tmp_path / "1-key.pem", ca_file=one.ca_file)
    replace(first, one)
    two = certificate(tmp_path, "one.example", "two.example", "*.three.example")
    server = ServerTls([first, two])
    assert "two.example" in shown(server, "two.example", believed=one.ca_file)
    assert "two.example" in shown(server, "SIP.three.example", believed=one.ca_file)
    for name in ("one.example", "four.example"):
        assert "two.example" not in shown(server, name, believed=one.ca_file), name


def test_files_that_change_are_taken_by_the_context_that_is_in_use(tmp_path: Path) -> None:
    used = certificate(tmp_path / "a")
    server = ServerTls([used])
    context = server.context
    assert not server.reload()
    other = certificate(tmp_path / "b", "renewed.example")
    replace(used, other)
    assert server.reload()
    assert server.context is context
    assert "renewed.example" in shown(server, "localhost", believed=other.ca_file)


def test_files_that_cannot_be_used_leave_what_was(tmp_path: Path) -> None:
    used = certificate(tmp_path)
    server = ServerTls([used])
    used.cert_file.write_text("half a certi")
    with pytest.raises(TlsError, match=r"server\.pem"):
        server.reload()
    assert not server.reload(), "complained of once"
    tls.renew([server], ClientTls())
    assert "localhost" in shown(server, "localhost", believed=used.ca_file)


def test_a_client_believes_only_its_authorities_and_only_the_name_it_asked_for(tmp_path: Path) -> None:
    ours, other = certificate(tmp_path / "a"), certificate(tmp_path / "b")
    server = ServerTls([ours])
    handshake(server, ClientTls(ca_file=ours.ca_file).context())
    for client, name in [
        (ClientTls(ca_file=other.ca_file), "localhost"),
        (ClientTls(), "localhost"),
        (ClientTls(ca_file=ours.ca_file), "elsewhere.example"),
    ]:
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(server, client.context(), name)
    handshake(server, ClientTls(verify=False).context(), "elsewhere.example")


def test_a_client_certificate_is_asked_for_and_names_its_owner(tmp_path: Path) -> None:
    ours, carrier = certificate(tmp_path / "a"), certificate(tmp_path / "b", "trunk.example")
    server = ServerTls([ours], client_ca=carrier.ca_file)
    known, _ = handshake(server, ClientTls(ca_file=ours.ca_file, certificate=carrier).context())
    assert "trunk.example" in tls.names_shown(known.getpeercert())
    unknown, _ = handshake(server, ClientTls(ca_file=ours.ca_file).context())
    assert tls.names_shown(unknown.getpeercert()) == ()
    with pytest.raises(ssl.SSLError):
        handshake(server, ClientTls(ca_file=ours.ca_file, certificate=ours).context())


def test_a_client_certificate_can_be_demanded(tmp_path: Path) -> None:
    ours, carrier = certificate(tmp_path / "a"), certificate(tmp_path / "b")
    server = ServerTls([ours], client_ca=carrier.ca_file, client_required=True)
    handshake(server, ClientTls(ca_file=ours.ca_file, certificate=carrier).context())
    with pytest.raises(ssl.SSLError):
        handshake(server, ClientTls(ca_file=ours.ca_file).context())


@pytest.mark.parametrize(
    ("shown_certificate", "names"),
    [
        (None, ()),
        ({}, ()),
        ({"subject": ((("commonName", "PBX.example"),),)}, ("pbx.example",)),
        (
            {
                "subject": ((("commonName", "ignored"),),),
                "subjectAltName": (
                    ("IP Address", "192.0.2.1"), ("DNS", "Host.example"), ("URI", "sip:Example.org"),
                    ("URI", "https://example.org"), ("URI", "sip:alice@example.org"),
                ),
            },
            ("example.org", "host.example", "192.0.2.1"),
        ),
    ],
)  # fmt: skip
def test_a_certificate_names_sip_domains_first(
    shown_certificate: dict[str, object] | None, names: tuple[str, ...]
) -> None:
    assert tls.names_shown(shown_certificate) == names


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(TlsError, match=r"nowhere\.pem"):
        ClientTls(ca_file=tmp_path / "nowhere.pem").context()
