"""Settings of signalling."""

from __future__ import annotations

from pathlib import Path

import pytest

from offhook.sip.flow import Transport
from offhook.sip.settings import Listener, SipSettings


@pytest.mark.parametrize("digest", [(), ("MD5", "CRC32")])
def test_a_digest_algorithm_that_is_none_is_named(digest: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"sip\.digest.*MD5 and SHA-256"):
        SipSettings(digest=digest)


@pytest.mark.parametrize("address", ["", "203.0.113.7", "2001:db8::7", "sip.example.org", "localhost"])
def test_addresses_and_host_names_are_advertised(address: str) -> None:
    assert SipSettings(advertise=address).advertise == address


def test_an_origin_is_a_site_and_no_page() -> None:
    assert SipSettings(web_origins=("https://phone.example.org:8443", "null")).web_origins
    with pytest.raises(ValueError, match=r"sip\.web_origins.*https://phone\.example\.org"):
        SipSettings(web_origins=("phone.example.org/page",))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stun": ("stun.example:x",)}, r"sip\.stun: 'stun\.example:x'"),
        ({"local_networks": ("home",)}, r"sip\.local_networks: 'home'"),
        ({"public_refresh": 0.0}, r"sip\.public_refresh"),
    ],
)
def test_what_finds_no_public_address_is_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SipSettings(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("qop", [(), ("auth", "auth-conf")])
def test_a_protection_that_digest_does_not_have_is_named(qop: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"sip\.digest_qop.*auth and auth-int"):
        SipSettings(digest_qop=qop)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prack": "sometimes"}, r"sip\.prack.*never, supported, required"),
        ({"flow_timer": 0}, r"sip\.flow_timer"),
        ({"min_se": 60}, r"sip\.min_se.*90 s"),
        ({"session_expires": 100, "min_se": 120}, r"sip\.session_expires.*sip\.min_se"),
    ],
)
def test_settings_of_extensions_that_make_no_sense_are_named(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SipSettings(**wrong)  # type: ignore[arg-type]
    assert SipSettings(session_expires=0, min_se=600).session_expires == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tls_cert": Path("a.pem")}, "given together"),
        ({"tls_client_required": True}, "needs sip.tls_client_ca"),
    ],
)
def test_half_a_certificate_and_a_demand_without_authority_are_refused(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SipSettings(**settings)  # type: ignore[arg-type]


def test_what_is_listened_on_besides_is_the_simple_form_and_the_tables() -> None:
    further = Listener(transport=Transport.UDP, listen=("::1", 5060), advertise="pbx.example")
    settings = SipSettings(listen_tls=("127.0.0.1", 5061), listeners=(further,))
    assert [(one.transport, one.listen) for one in settings.further] == [
        (Transport.TLS, ("127.0.0.1", 5061)),
        (Transport.UDP, ("::1", 5060)),
    ]
    assert settings.translated
    assert not SipSettings().translated


def test_a_listener_says_what_is_wrong_with_it() -> None:
    with pytest.raises(ValueError, match="neither an IP address nor a host name"):
        Listener(transport=Transport.UDP, listen=("::1", 5060), advertise="my house")


def test_transfers_are_bridged_or_referred_and_the_limits_of_subscriptions_fit() -> None:
    assert SipSettings(transfer="refer").transfer == "refer"
    with pytest.raises(ValueError, match="bridge nor refer"):
        SipSettings(transfer="magic")
    with pytest.raises(ValueError, match=r"sip\.min_subscription"):
        SipSettings(min_subscription=100, subscription_limit=99)
