"""Settings of signalling."""

from __future__ import annotations

import pytest

from offhook.sip.settings import SipSettings


@pytest.mark.parametrize("digest", [(), ("MD5", "CRC32")])
def test_a_digest_algorithm_that_is_none_is_named(digest: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"sip\.digest.*MD5 and SHA-256"):
        SipSettings(digest=digest)


@pytest.mark.parametrize("address", ["", "203.0.113.7", "2001:db8::7", "sip.example.org", "localhost"])
def test_addresses_and_host_names_are_advertised(address: str) -> None:
    assert SipSettings(advertise=address).advertise == address


@pytest.mark.parametrize("qop", [(), ("auth", "auth-conf")])
def test_a_protection_that_digest_does_not_have_is_named(qop: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"sip\.digest_qop.*auth and auth-int"):
        SipSettings(digest_qop=qop)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prack": "sometimes"}, r"sip\.prack.*never, supported, required"),
        ({"min_se": 60}, r"sip\.min_se.*90 s"),
        ({"session_expires": 100, "min_se": 120}, r"sip\.session_expires.*sip\.min_se"),
    ],
)
def test_settings_of_extensions_that_make_no_sense_are_named(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SipSettings(**wrong)  # type: ignore[arg-type]
    assert SipSettings(session_expires=0, min_se=600).session_expires == 0
