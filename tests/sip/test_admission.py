from __future__ import annotations

from offhook.sip.admission import Admission
from offhook.sip.settings import SipSettings


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
