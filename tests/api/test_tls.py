from __future__ import annotations

from pathlib import Path

import pytest

from offhook.api import tls
from offhook.api.settings import ApiSettings
from offhook.security.certificates import TlsError
from offhook.sip.settings import CertificateFiles, SipSettings
from offhook.vocabulary.clock import SystemClock
from tests.support.certificates import certificate


def test_without_a_word_api_and_sip_show_the_local_certificate(tmp_path: Path) -> None:
    made = tls.configured(ApiSettings(), SipSettings(), tmp_path, clock=SystemClock())
    assert made.ca_file == tmp_path / "ca.pem"
    assert made.api.context is not made.sip.context
    made.renew()


def test_sip_may_have_certificates_of_its_own(tmp_path: Path) -> None:
    own, other = certificate(tmp_path / "own"), certificate(tmp_path / "other", "other.example")
    sip = SipSettings(
        tls_cert=own.cert_file,
        tls_key=own.key_file,
        certificates=(CertificateFiles(cert=other.cert_file, key=other.key_file),),
    )
    tls.configured(ApiSettings(), sip, tmp_path / "node", clock=SystemClock())
    broken = SipSettings(certificates=(CertificateFiles(cert=own.cert_file, key=other.key_file),))
    with pytest.raises(TlsError, match="key must belong"):
        tls.configured(ApiSettings(), broken, tmp_path / "node", clock=SystemClock())


def test_a_certificate_is_given_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(TlsError, match="--tls-key"):
        tls.configured(ApiSettings(tls_cert=tmp_path / "x"), SipSettings(), tmp_path, clock=SystemClock())
