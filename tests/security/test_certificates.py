from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from offhook.security import certificates
from offhook.security.tls import ServerTls
from offhook.vocabulary.clock import FrozenClock

DAY = 86_400.0


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))


def test_a_first_start_makes_an_authority_and_a_certificate_for_this_machine(
    tmp_path: Path, clock: FrozenClock
) -> None:
    made = certificates.local(tmp_path / "tls", clock=clock, names=("pbx.example.org", "192.0.2.7"))
    names = read(made.cert_file).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "pbx.example.org"} <= set(names.get_values_for_type(x509.DNSName))
    addresses = {str(each) for each in names.get_values_for_type(x509.IPAddress)}
    assert {"127.0.0.1", "::1", "192.0.2.7"} <= addresses
    read(made.cert_file).verify_directly_issued_by(read(made.ca_file))
    assert certificates.names_in(made)[0] == "localhost"


def test_keys_are_for_the_owner_only(tmp_path: Path, clock: FrozenClock) -> None:
    certificates.local(tmp_path / "tls", clock=clock)
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700
    for key in ("ca-key.pem", "server-key.pem"):
        assert (tmp_path / "tls" / key).stat().st_mode & 0o777 == 0o600


def test_later_starts_keep_what_is_there(tmp_path: Path, clock: FrozenClock) -> None:
    first = read(certificates.local(tmp_path, clock=clock).cert_file)
    assert read(certificates.local(tmp_path, clock=clock, renew_before=30 * DAY).cert_file) == first


def test_a_certificate_is_renewed_before_it_ends_under_the_same_authority(tmp_path: Path, clock: FrozenClock) -> None:
    made = certificates.local(tmp_path, clock=clock)
    first, authority = read(made.cert_file), read(made.ca_file)
    clock.advance(340 * DAY)
    certificates.local(tmp_path, clock=clock, renew_before=30 * DAY)
    assert read(made.cert_file).not_valid_after_utc == clock.utc() + timedelta(days=365)
    assert read(made.cert_file).serial_number != first.serial_number
    assert read(made.ca_file) == authority


def test_an_authority_that_would_end_before_its_certificates_is_made_anew(tmp_path: Path, clock: FrozenClock) -> None:
    made = certificates.local(tmp_path, clock=clock)
    authority = read(made.ca_file)
    clock.advance(3400 * DAY)
    certificates.local(tmp_path, clock=clock)
    assert read(made.ca_file) != authority
    read(made.cert_file).verify_directly_issued_by(read(made.ca_file))


def test_a_new_name_makes_a_new_certificate(tmp_path: Path, clock: FrozenClock) -> None:
    made = certificates.local(tmp_path, clock=clock)
    first = read(made.cert_file)
    certificates.local(tmp_path, clock=clock, names=("other.example.org",))
    assert read(made.cert_file) != first


@pytest.mark.parametrize("damaged", ["server.pem", "server-key.pem", "ca.pem", "ca-key.pem"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, clock: FrozenClock, damaged: str) -> None:
    certificates.local(tmp_path, clock=clock)
    (tmp_path / damaged).write_text("junk")
    made = certificates.local(tmp_path, clock=clock)
    ServerTls([made])
    read(made.cert_file).verify_directly_issued_by(read(made.ca_file))


def test_a_given_certificate_must_be_usable(tmp_path: Path, clock: FrozenClock) -> None:
    made = certificates.local(tmp_path, clock=clock)
    assert certificates.given(made.cert_file, made.key_file).ca_file == made.cert_file
    with pytest.raises(certificates.TlsError, match="nothing.pem"):
        certificates.given(tmp_path / "nothing.pem", made.key_file)
    with pytest.raises(certificates.TlsError, match="key must belong"):
        certificates.given(made.cert_file, tmp_path / "ca-key.pem")


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path, clock: FrozenClock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(certificates.TlsError, match="Make the directory writable"):
        certificates.local(tmp_path / "file", clock=clock)
