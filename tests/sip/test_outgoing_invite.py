"""A server that takes an INVITE with 100 and then says nothing of the callee."""

from __future__ import annotations

import pytest

from offhook.sip.digest import Challenger
from offhook.sip.events import CallAnswered, CallEnded, CallRinging, EndCause
from offhook.sip.testing import counted_bits
from tests.sip.cluster import Cluster


def taken_on(**invitation: object) -> Cluster:
    """Two servers, of which the first has said 100, and has 5 s for more."""
    cluster = Cluster()
    cluster.invite(progress_limit=5.0, **invitation)
    cluster.answers(1, 100)
    return cluster


def test_it_is_left_for_the_next_one_when_its_time_is_over_and_told_so() -> None:
    cluster = taken_on()
    cluster.run(4.9)
    assert cluster.requests() == ["INVITE 1"]
    cluster.run(0.2)
    assert cluster.requests() == ["INVITE 1", "CANCEL 1", "INVITE 2"]
    assert cluster.request(1, "CANCEL").via.branch == cluster.request(1).via.branch
    cluster.answers(1, 200, "CANCEL")
    cluster.answers(1, 487)
    cluster.answers(2, 200)
    assert len(cluster.of(CallAnswered)) == 1
    assert cluster.of(CallEnded) == []


def test_saying_100_again_wins_no_time() -> None:
    cluster = taken_on()
    for _ in range(4):
        cluster.run(1.2)
        cluster.answers(1, 100)
    cluster.run(0.3)
    assert "INVITE 2" in cluster.requests()


@pytest.mark.parametrize("status", [180, 181, 183])
def test_a_word_about_the_callee_is_enough_however_long_the_callee_takes(status: int) -> None:
    cluster = taken_on()
    cluster.run(4.9)
    cluster.answers(1, status)
    cluster.answers(1, 100)
    cluster.run(100.0)
    assert cluster.requests() == ["INVITE 1"]
    cluster.answers(1, 200)
    assert len(cluster.of(CallAnswered)) == 1


def test_the_last_server_is_waited_for_unless_there_is_another_way() -> None:
    cluster = taken_on()
    cluster.run(5.0)
    cluster.answers(2, 100)
    cluster.run(100.0)
    assert cluster.of(CallEnded) == []

    cluster = taken_on(spare=True)
    cluster.run(5.0)
    cluster.answers(2, 100)
    cluster.run(5.0)
    (ended,) = cluster.of(CallEnded)
    assert (ended.cause, ended.code) == (EndCause.NO_PROGRESS, 408)
    cluster.run()
    assert cluster.endpoint.idle


def test_what_it_says_too_late_makes_no_second_call() -> None:
    cluster = taken_on()
    cluster.run(5.0)
    cluster.answers(1, 180)
    cluster.answers(1, 200)
    assert cluster.requests() == ["INVITE 1", "CANCEL 1", "INVITE 2", "ACK 1", "BYE 1"]
    assert (cluster.of(CallRinging), cluster.of(CallAnswered)) == ([], [])
    cluster.answers(1, 200, "BYE")
    cluster.answers(2, 486)
    cluster.run()
    assert cluster.endpoint.idle


def test_its_time_begins_again_after_a_challenge() -> None:
    challenger = Challenger(b"0123456789abcdef", random_bits=counted_bits())
    cluster = taken_on(username="bob", password="secret")
    cluster.run(3.0)
    cluster.answers(1, 401, headers=(("WWW-Authenticate", challenger.challenges("example", 0.0)[0]),))
    cluster.run(1.0)
    cluster.answers(1, 100)
    cluster.run(4.9)
    assert "INVITE 2" not in cluster.requests()
    cluster.run(0.2)
    assert "INVITE 2" in cluster.requests()


def test_a_call_that_is_hung_up_meanwhile_goes_nowhere_else() -> None:
    cluster = Cluster()
    call = cluster.invite(progress_limit=5.0)
    cluster.answers(1, 100)
    cluster.endpoint.hangup(call, cluster.now)
    cluster.settle()
    cluster.run()
    assert cluster.requests() == ["INVITE 1", "CANCEL 1"]
    (ended,) = cluster.of(CallEnded)
    assert ended.cause is EndCause.HANGUP
    assert cluster.endpoint.idle
