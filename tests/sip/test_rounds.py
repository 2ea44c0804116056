from __future__ import annotations

import pytest

from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request
from offhook.sip.registrar import Binding, Registrar
from offhook.sip.rounds import Rounds


def registered(registrar: Registrar, user: str, now: float = 0.0, port: int = 5060) -> Binding:
    request = Request.build(
        "REGISTER",
        "sip:pbx.test",
        [
            ("Via", "SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1"),
            ("From", f"<sip:{user}@pbx.test>;tag=1"),
            ("To", f"<sip:{user}@pbx.test>"),
            ("Call-ID", f"{user}-{now}"),
            ("CSeq", "1 REGISTER"),
            ("Contact", f"<sip:{user}@10.0.0.2>"),
            ("Expires", "3600"),
        ],
    )
    (binding,) = registrar.register(user, request, Flow(Transport.UDP, "10.0.0.2", port), now)
    return binding


def asked(rounds: Rounds, seconds: float, since: float = 0.0) -> list[tuple[float, str]]:
    """Who is asked when, as a driver would ask."""
    now, found = since, []
    while now < since + seconds:
        found += [(now, address) for address, _ in rounds.due(now)]
        now += rounds.pause
    return found


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_everybody_is_asked_once_in_an_interval_and_never_many_at_once(size: int) -> None:
    registrar = Registrar()
    for number in range(size):
        registered(registrar, f"u{number}")
    rounds = Rounds(registrar, interval=60.0, misses=3)
    asked(rounds, 60.0)
    later = asked(rounds, 60.0, 60.0)
    assert size - 2 <= len({address for _, address in later}) <= size
    assert max(sum(1 for at, _ in later if at <= moment < at + 1) for moment in range(60, 120)) <= size / 60 + 3


def test_after_a_stall_what_was_missed_is_not_made_up_for() -> None:
    registrar = Registrar()
    for number in range(600):
        registered(registrar, f"u{number}")
    rounds = Rounds(registrar, interval=60.0, misses=3)
    rounds.due(0.0)
    assert len(rounds.due(50.0)) <= 20


def test_a_contact_that_is_silent_too_often_in_a_row_is_removed() -> None:
    registrar = Registrar()
    bob, ann = registered(registrar, "bob"), registered(registrar, "ann")
    rounds = Rounds(registrar, interval=60.0, misses=2)
    assert not rounds.unanswered("bob", bob)
    rounds.answered("bob", bob)
    assert not rounds.unanswered("bob", bob)
    assert not rounds.unanswered("ann", ann)
    assert rounds.unanswered("bob", bob)
    assert registrar.addresses() == ["ann"]
    assert len(rounds) == 1


def test_a_contact_that_came_back_from_elsewhere_is_not_removed_for_its_old_way() -> None:
    registrar = Registrar()
    old = registered(registrar, "bob", port=5060)
    registered(registrar, "bob", now=10.0, port=5070)
    rounds = Rounds(registrar, interval=60.0, misses=1)
    assert not rounds.unanswered("bob", old)
    assert registrar.size == 1


def test_who_is_registered_no_more_is_forgotten() -> None:
    registrar = Registrar()
    bob = registered(registrar, "bob")
    registered(registrar, "ann")
    rounds = Rounds(registrar, interval=60.0, misses=3)
    rounds.unanswered("bob", bob)
    registrar.remove("bob", bob)
    asked(rounds, 130.0)
    assert len(rounds) == 0


def test_nobody_registered_is_nobody_asked() -> None:
    assert asked(Rounds(Registrar(), interval=60.0, misses=3), 120.0) == []
