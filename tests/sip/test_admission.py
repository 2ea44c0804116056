from __future__ import annotations

import pytest

from offhook.sip.admission import Admission
from offhook.sip.bans import Bans
from offhook.sip.settings import BanSettings, SipSettings
from offhook.sip.sources import TrustedNetworks


def test_a_source_may_burst_and_then_send_at_its_rate() -> None:
    admission = Admission(SipSettings(source_burst=3, source_rate=2))
    assert [admission.hears("a", 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert [admission.hears("a", 1.0) for _ in range(3)] == [True, True, False]
    assert admission.hears("b", 1.0)


def test_the_table_of_sources_is_bounded_and_forgets_the_least_recent() -> None:
    admission = Admission(SipSettings(max_sources=2, source_burst=1, source_rate=0))
    for host in ("a", "b", "a", "c"):
        admission.hears(host, 0.0)
    assert len(admission) == 2
    assert not admission.hears("a", 0.0)
    assert admission.hears("b", 0.0)


def test_trusted_networks_of_both_families_are_exempt() -> None:
    admission = Admission(SipSettings(source_burst=1, source_rate=0, trust=("10.0.0.0/8", "2001:db8::/32")))
    for host in ("10.1.2.3", "2001:db8::9", "::ffff:10.0.0.1"):
        assert all(admission.hears(host, 0.0) for _ in range(5))
    assert [admission.hears("name.example", 0.0) for _ in range(2)] == [True, False]


def test_calls_are_taken_up_to_each_limit() -> None:
    admission = Admission(SipSettings(max_calls=2, max_transactions=10, max_lag=0.2))
    assert admission.takes_calls(1, 9)
    assert not admission.takes_calls(2, 9)
    assert not admission.takes_calls(1, 10)
    admission.lag = 0.3
    assert not admission.takes_calls(0, 0)
    admission.lag = 0.0
    admission.draining = True
    assert not admission.takes_calls(0, 0)


def test_the_addresses_of_an_ipv6_site_share_one_bucket() -> None:
    admission = Admission(SipSettings(source_burst=2, source_rate=0, trust=("2001:db8::7/128",)))
    assert [admission.hears(f"2001:db8::{last}", 0.0) for last in (1, 2, 3)] == [True, True, False]
    assert [admission.hears("2001:db8::7", 0.0) for _ in range(3)] == [True, True, True]
    assert admission.hears("2001:db8:0:1::1", 0.0)


@pytest.mark.parametrize(
    ("message", "ignored"),
    [
        (b"INVITE sip:1@h SIP/2.0\r\nTo: <sip:1@h>\r\nFrom: <sip:2@h>;tag=1\r\n\r\n", True),
        (b"OPTIONS sip:h SIP/2.0\r\nX-To: <sip:1@h>;tag=1\r\n\r\n", True),
        (b"\x00\xff nonsense", True),
        (b"BYE sip:1@h SIP/2.0\r\nt : <sip:1@h> ; Tag = 7\r\n\r\n", False),
        (b"INVITE sip:1@h SIP/2.0\nTO:<sip:1@h>;x=y;tag=7\n\n", False),
        (b"CANCEL sip:1@h SIP/2.0\r\nTo: <sip:1@h>\r\n\r\n", False),
        (b"SIP/2.0 200 OK\r\n\r\n", False),
    ],
)
def test_of_a_banned_source_only_what_its_calls_in_progress_need_is_read(message: bytes, ignored: bool) -> None:
    settings = SipSettings(bans=BanSettings(failures_of_source=1, seconds=60))
    bans = Bans(settings.bans, TrustedNetworks(()))
    admission = Admission(settings, bans)
    assert not admission.ignores(message, "192.0.2.66", 0.0)
    bans.failed("192.0.2.66", "bob", 0.0)
    assert admission.ignores(message, "192.0.2.66", 1.0) == ignored
    assert not admission.ignores(message, "192.0.2.67", 1.0)
    assert not admission.ignores(message, "192.0.2.66", 61.0)


def test_scanners_are_known_by_their_name_in_any_case() -> None:
    admission = Admission(SipSettings())
    assert all(admission.scans(name) for name in ("friendly-scanner", "SIPVicious 0.3", "VaxSIPUserAgent/3.1"))
    assert not any(admission.scans(name) for name in (None, "", "baresip v1.1", "Linphone"))
    assert not Admission(SipSettings(scanners=())).scans("friendly-scanner")
    assert Admission(SipSettings(scanners=("a.c",))).scans("xA.Cx")
    assert not Admission(SipSettings(scanners=("a.c",))).scans("abc")


def test_strangers_share_a_budget_that_those_who_are_known_do_not_need() -> None:
    settings = SipSettings(strangers_burst=3, strangers_rate=1, trust=("10.0.0.0/8",))
    bans = Bans(settings.bans, TrustedNetworks(settings.trust))
    admission = Admission(settings, bans)
    bans.succeeded("192.0.2.200", 0.0)
    assert [admission.hears(f"192.0.2.{last}", 0.0) for last in range(1, 6)] == [True, True, True, False, False]
    assert all(admission.hears(host, 0.0) for host in ("192.0.2.200", "10.1.2.3") for _ in range(20))
    assert [admission.hears("192.0.2.1", 1.0) for _ in range(2)] == [True, False]
    assert [admission.hears("192.0.2.200", 8000.0) for _ in range(4)] == [True, True, True, False], "long ago"
