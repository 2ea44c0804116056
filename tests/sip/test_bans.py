from __future__ import annotations

from offhook.sip.bans import Ban, Bans
from offhook.sip.settings import BanSettings
from offhook.sip.sources import TrustedNetworks

GUESSER = "192.0.2.66"


def bans(*trust: str, **settings: float) -> Bans:
    return Bans(BanSettings(**settings), TrustedNetworks(trust))  # type: ignore[arg-type]


def test_a_source_that_guesses_for_many_users_is_banned_whole() -> None:
    known = bans(failures_of_source=3, seconds=60.0)
    outcomes = [known.failed(GUESSER, f"user{number}", 10.0) for number in range(3)]
    assert outcomes == [None, None, Ban(source=GUESSER, left=60.0, times=1)]
    assert known.banned(GUESSER, 69.9)
    assert not known.banned("192.0.2.67", 11.0)
    assert known.standing(40.0) == [Ban(source=GUESSER, left=30.0, times=1)]
    assert not known.banned(GUESSER, 70.0)
    assert known.standing(70.0) == []


def test_an_office_with_one_wrong_phone_is_not_banned() -> None:
    known = bans(failures_of_user=3, failures_of_source=10, seconds=60.0, window=60.0)
    now = 0.0
    for _ in range(100):
        now += 10.0
        if not known.blocked(GUESSER, "bob", now):
            known.failed(GUESSER, "bob", now)
    assert not known.banned(GUESSER, now)
    assert not known.blocked(GUESSER, "alice", now)


def test_a_user_cannot_be_locked_out_from_elsewhere() -> None:
    known = bans(failures_of_user=1, failures_of_source=1)
    known.failed(GUESSER, "bob", 0.0)
    assert known.blocked(GUESSER, "bob", 1.0)
    assert not known.blocked("198.51.100.1", "bob", 1.0)


def test_each_ban_is_twice_as_long_as_the_one_before_up_to_the_longest() -> None:
    known = bans(failures_of_source=1, seconds=60.0, longest=200.0)
    now, lengths = 0.0, []
    for _ in range(4):
        ban = known.failed(GUESSER, "bob", now)
        assert ban is not None
        lengths.append(ban.left)
        now += ban.left + 1
    assert lengths == [60.0, 120.0, 200.0, 200.0]
    ban = known.failed(GUESSER, "bob", now + 200.0)
    assert ban is not None
    assert (ban.left, ban.times) == (60.0, 1), "after so long without one it starts anew"


def test_failures_far_apart_do_not_count_together() -> None:
    known = bans(failures_of_source=2, window=60.0)
    assert all(known.failed(GUESSER, "bob", 61.0 * number) is None for number in range(10))


def test_a_trusted_network_is_never_banned() -> None:
    known = bans("192.0.2.0/24", failures_of_source=1, failures_of_user=1)
    assert known.failed(GUESSER, "bob", 0.0) is None
    assert not known.banned(GUESSER, 0.0)
    assert not known.blocked(GUESSER, "bob", 0.0)
    assert len(known) == 0


def test_an_ipv6_site_is_one_source() -> None:
    known = bans(failures_of_source=2)
    for host in ("2001:db8:1:2::1", "2001:db8:1:2::2"):
        known.failed(host, "bob", 0.0)
    assert known.banned("2001:db8:1:2:ffff::1", 1.0)
    assert not known.banned("2001:db8:1:3::1", 1.0)


def test_a_ban_can_be_lifted_by_address_or_as_it_is_listed() -> None:
    known = bans(failures_of_source=1, failures_of_user=1)
    for name in ("2001:db8::5", "2001:db8::/64"):
        known.failed("2001:db8::1", "bob", 0.0)
        assert known.lift(name)
        assert not known.banned("2001:db8::1", 1.0)
        assert not known.blocked("2001:db8::1", "bob", 1.0)
    assert not known.lift("2001:db8::5")


def test_the_tables_are_bounded_and_whoever_failed_longest_ago_is_forgotten() -> None:
    known = bans(failures_of_source=1, max_sources=2)
    for host in ("a", "b", "c"):
        known.failed(host, "bob", 0.0)
    assert [known.banned(host, 1.0) for host in ("a", "b", "c")] == [False, True, True]
    assert len(known) == 4


def test_who_proved_to_be_a_client_is_known_for_a_while() -> None:
    known = bans(known_for=60.0, max_sources=2)
    known.succeeded("2001:db8::1", 0.0)
    assert known.knows("2001:db8::2", 59.0)
    assert not known.knows("2001:db8::2", 60.0)
    for host in ("192.0.2.1", "192.0.2.2"):
        known.succeeded(host, 60.0)
    assert [known.knows(host, 61.0) for host in ("2001:db8::1", "192.0.2.1", "192.0.2.2")] == [False, True, True]
    assert len(known) == 2
