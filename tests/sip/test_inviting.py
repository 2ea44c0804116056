"""Calls that go out, against a peer played by hand."""

from __future__ import annotations

import pytest

from offhook.security.digest import ha1
from offhook.sip.digest import Challenger, Credentials, Verdict
from offhook.sip.events import CallAnswered, CallEnded, CallHandle, CallRinging, EndCause
from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request, parse
from offhook.sip.signalling import Invitation
from offhook.sip.testing import counted_bits
from tests.sip.cluster import Cluster
from tests.sip.raw import Line


class Callee(Line):
    """Plays the far end of a call of ours."""

    def __init__(self, **invitation: object) -> None:
        super().__init__()
        self.call: CallHandle = self.endpoint.invite(
            Invitation(target="sip:x@192.0.2.1", from_uri="sip:b@192.0.2.2", **{"sdp": b"v=0", **invitation}),
            0.0,  # type: ignore[arg-type]
        )
        self.wire.settle()

    def request(self, method: str) -> Request:
        found = [
            message for data in self.sent if isinstance(message := parse(data), Request) and message.method == method
        ]
        return found[-1]

    def answers(
        self,
        status: int,
        tag: str = "t1",
        headers: tuple[tuple[str, str], ...] = (("Contact", "<sip:x@192.0.2.1>"),),
        method: str = "INVITE",
    ) -> None:
        self.says(bytes(self.request(method).response(status, to_tag=tag, headers=headers)))


def test_a_repeated_2xx_is_acknowledged_again_with_the_same_bytes() -> None:
    callee = Callee()
    callee.answers(200)
    callee.answers(200)
    assert callee.hears() == ["INVITE", "ACK", "ACK"]
    assert callee.sent[-1] == callee.sent[-2]
    callee.side.one(CallAnswered)


def test_a_second_answer_of_a_fork_is_acknowledged_and_hung_up() -> None:
    callee = Callee()
    callee.answers(200, "t1")
    callee.answers(200, "t2")
    assert callee.hears() == ["INVITE", "ACK", "ACK", "BYE"]
    assert callee.request("BYE").to_tag == "t2"
    callee.side.one(CallAnswered)
    assert callee.side.of(CallEnded) == []


def test_the_ack_of_a_refusal_has_the_branch_of_the_invite_and_that_of_a_2xx_has_not() -> None:
    callee = Callee()
    callee.answers(486)
    assert callee.request("ACK").via.branch == callee.request("INVITE").via.branch
    callee = Callee()
    callee.answers(200)
    assert callee.request("ACK").via.branch != callee.request("INVITE").via.branch


def test_requests_follow_the_recorded_route_in_reverse() -> None:
    callee = Callee()
    callee.answers(
        200, headers=(("Contact", "<sip:x@10.0.0.9:5070>"), ("Record-Route", "<sip:p2.example;lr>, <sip:192.0.2.1;lr>"))
    )
    ack = callee.request("ACK")
    assert ack.uri == "sip:x@10.0.0.9:5070"
    assert [str(route.uri) for route in ack.routes] == ["sip:192.0.2.1;lr", "sip:p2.example;lr"]


@pytest.mark.parametrize(
    ("code", "header", "answer"),
    [(401, "WWW-Authenticate", "authorization"), (407, "Proxy-Authenticate", "proxy-authorization")],
)
def test_a_challenge_is_answered_with_credentials_in_a_new_transaction(code: int, header: str, answer: str) -> None:
    callee = Callee(username="bob", password="secret")
    challenger = Challenger(b"0123456789abcdef", random_bits=counted_bits())
    first = callee.request("INVITE")
    callee.answers(code, headers=tuple((header, value) for value in challenger.challenges("example", 0.0)))
    second = callee.request("INVITE")
    assert second.via.branch != first.via.branch
    assert (second.cseq.number, second.call_id, second.from_tag) == (
        first.cseq.number + 1,
        first.call_id,
        first.from_tag,
    )
    secrets = {name: ha1("bob", "example", "secret", name) for name in ("MD5", "SHA-256")}
    verdict = challenger.verify(
        Credentials.parse(second.get(answer) or ""),
        realm="example",
        method="INVITE",
        uri=second.uri,
        secrets=secrets,
        now=0.0,
    )
    assert verdict is Verdict.ACCEPTED
    callee.answers(200)
    assert callee.request("ACK").get(answer) == second.get(answer)
    assert callee.request("ACK").cseq.number == 2


def test_credentials_that_are_refused_are_not_sent_again() -> None:
    callee = Callee(username="bob", password="wrong")
    challenger = Challenger(b"0123456789abcdef", random_bits=counted_bits())
    for _ in range(2):
        callee.answers(
            401, headers=tuple(("WWW-Authenticate", value) for value in challenger.challenges("example", 0.0))
        )
    assert callee.hears() == ["INVITE", "ACK", "INVITE", "ACK"]
    ended = callee.side.one(CallEnded)
    assert (ended.cause, ended.code) == (EndCause.REFUSED_BY_THEM, 401)


def test_a_callee_who_ignores_the_cancel_is_given_up() -> None:
    callee = Callee()
    callee.answers(180)
    callee.endpoint.hangup(callee.call, 0.0)
    callee.wire.run()
    assert callee.side.one(CallEnded).cause is EndCause.HANGUP
    assert callee.endpoint.idle


def test_a_far_end_that_says_nothing_at_all_is_given_up_when_its_time_for_a_first_word_is_over() -> None:
    callee = Callee(response_limit=4.0)
    callee.wire.run(3.9)
    assert callee.side.of(CallEnded) == []
    callee.wire.run(0.2)
    end = callee.side.one(CallEnded)
    assert (end.cause, end.code) == (EndCause.NO_RESPONSE, 408)
    callee.wire.run()
    assert callee.side.endpoint.idle


@pytest.mark.parametrize("status", [100, 183])
def test_any_provisional_response_is_a_first_word(status: int) -> None:
    callee = Callee(response_limit=4.0)
    callee.answers(status)
    callee.wire.run(20)
    assert callee.side.of(CallEnded) == []


def test_an_answer_that_comes_after_its_time_is_acknowledged_and_hung_up() -> None:
    callee = Callee(response_limit=4.0)
    callee.wire.run(5)
    callee.answers(200)
    assert callee.hears()[-2:] == ["ACK", "BYE"]
    callee.side.one(CallEnded)
    assert callee.side.of(CallAnswered) == []


def test_the_first_word_is_awaited_again_after_a_challenge() -> None:
    callee = Callee(response_limit=4.0, username="u", password="p")
    callee.wire.run(3)
    challenger = Challenger(b"0" * 16, random_bits=counted_bits())
    challenges = tuple(("Proxy-Authenticate", value) for value in challenger.challenges("r", 0.0))
    callee.answers(407, headers=challenges)
    callee.wire.run(3.9)
    assert callee.side.of(CallEnded) == []
    callee.wire.run(0.2)
    assert callee.side.one(CallEnded).cause is EndCause.NO_RESPONSE


def test_the_contact_has_the_user_that_the_carrier_wants_there() -> None:
    callee = Callee(contact_user="main number")
    assert callee.request("INVITE").get("contact") == "<sip:main%20number@192.0.2.2:5060>"


def test_the_early_dialogs_of_a_fork_are_kept_apart_until_one_is_answered() -> None:
    callee = Callee()
    for tag in ("t1", "t2", "t3"):
        callee.answers(183, tag)
    assert [event.response.to_tag for event in callee.side.of(CallRinging)] == ["t1", "t2", "t3"]
    assert callee.endpoint.sizes()["dialogs"] == 3
    callee.answers(200, "t2")
    callee.answers(200, "t4")
    callee.answers(200, "t1")
    assert callee.side.one(CallAnswered).response.to_tag == "t2"
    assert callee.hears() == ["INVITE", "ACK", "ACK", "BYE", "ACK", "BYE"]
    assert callee.endpoint.sizes()["dialogs"] == 1


def test_only_so_many_early_dialogs_are_remembered() -> None:
    callee = Callee()
    for number in range(40):
        callee.answers(180, f"t{number}")
    assert callee.endpoint.sizes()["dialogs"] == 16
    assert len(callee.side.of(CallRinging)) == 40
    callee.answers(200, "t39")
    callee.side.one(CallAnswered)


def test_early_dialogs_of_a_refused_call_are_forgotten() -> None:
    callee = Callee()
    callee.answers(180, "t1")
    callee.answers(180, "t2")
    callee.answers(486)
    callee.wire.run()
    assert callee.side.one(CallEnded).code == 486
    assert callee.endpoint.idle


# -- from server to server (RFC 3263 section 4.3) ---------------------------------------------------------------------


def ways_to_fail(cluster: Cluster, way: str) -> None:
    match way:
        case "unreachable":
            cluster.fails(1)
        case "silent":
            cluster.run(4.0)
        case "503":
            cluster.answers(1, 503)
        case "503 after ringing":
            cluster.answers(1, 180)
            cluster.answers(1, 503)


@pytest.mark.parametrize("way", ["unreachable", "silent", "503", "503 after ringing"])
def test_a_call_goes_on_to_the_next_server_when_one_fails(way: str) -> None:
    cluster = Cluster()
    cluster.invite()
    ways_to_fail(cluster, way)
    first, second = cluster.request(1), cluster.request(2)
    assert second.via.branch != first.via.branch
    assert (second.call_id, second.from_tag, second.cseq, second.body) == (
        first.call_id,
        first.from_tag,
        first.cseq,
        first.body,
    )
    cluster.answers(2, 200)
    assert cluster.request(2, "ACK").via.branch != second.via.branch
    assert len(cluster.of(CallAnswered)) == 1
    assert cluster.of(CallEnded) == []


def test_a_server_that_says_anything_but_503_is_the_last() -> None:
    for status in (404, 486, 500, 603):
        cluster = Cluster()
        cluster.invite()
        cluster.answers(1, status)
        assert cluster.of(CallEnded)[0].code == status
        assert cluster.requests() == ["INVITE 1", "ACK 1"]


def test_a_server_that_says_trying_is_waited_for() -> None:
    cluster = Cluster()
    cluster.invite()
    cluster.answers(1, 100)
    cluster.run(60.0)
    assert cluster.requests() == ["INVITE 1"]


def test_when_all_servers_fail_the_last_failure_is_told() -> None:
    cluster = Cluster(servers=3)
    cluster.invite()
    cluster.fails(1)
    cluster.answers(2, 503)
    cluster.answers(3, 503, headers=(("Retry-After", "5"),))
    (ended,) = cluster.of(CallEnded)
    assert (ended.cause, ended.code) == (EndCause.REFUSED_BY_THEM, 503)
    cluster.run()
    assert cluster.endpoint.idle


def test_the_last_server_has_the_whole_of_timer_b_unless_there_is_a_limit_for_all() -> None:
    for limit, seconds in ((None, 4.0 + 32.0), (3.0, 6.0)):
        cluster = Cluster()
        cluster.invite(response_limit=limit)
        cluster.run(seconds - 0.01)
        assert cluster.of(CallEnded) == []
        cluster.run(0.01)
        (ended,) = cluster.of(CallEnded)
        assert (ended.cause, ended.code) == (EndCause.NO_RESPONSE, 408)
        cluster.run()
        assert cluster.endpoint.idle


def test_a_server_that_was_given_up_is_not_sent_to_again() -> None:
    cluster = Cluster()
    cluster.invite()
    cluster.run(4.0)
    before = [server for server, _ in cluster.sent].count(1)
    cluster.run(30.0)
    assert [server for server, _ in cluster.sent].count(1) == before == 4


def test_a_late_ringing_of_a_server_that_was_given_up_is_cancelled() -> None:
    cluster = Cluster()
    cluster.invite()
    cluster.run(4.0)
    cluster.answers(1, 180)
    cluster.answers(1, 180)
    cancel = cluster.request(1, "CANCEL")
    assert cancel.via.branch == cluster.request(1).via.branch
    cluster.answers(1, 200, "CANCEL")
    cluster.answers(1, 487)
    assert cluster.of(CallEnded) == []
    cluster.answers(2, 200)
    assert len(cluster.of(CallAnswered)) == 1
    assert cluster.of(CallRinging) == []


def test_a_late_answer_of_a_server_that_was_given_up_is_acknowledged_and_hung_up() -> None:
    cluster = Cluster()
    call = cluster.invite()
    cluster.run(4.0)
    cluster.answers(1, 200)
    cluster.answers(1, 200)
    assert [f"{one.method} {at}" for at, one in cluster.sent if at == 1][-3:] == ["ACK 1", "BYE 1", "ACK 1"]  # type: ignore[union-attr]
    cluster.answers(1, 200, "BYE")
    assert cluster.of(CallAnswered) == []
    cluster.answers(2, 200)
    assert cluster.request(2, "ACK").to_tag == "t2"
    cluster.endpoint.hangup(call, cluster.now)
    cluster.settle()
    cluster.answers(2, 200, "BYE")
    cluster.run()
    assert cluster.endpoint.idle


def test_a_late_answer_that_comes_after_the_end_of_the_call_is_hung_up_too() -> None:
    cluster = Cluster()
    cluster.invite(response_limit=4.0)
    cluster.run(8.0)
    assert len(cluster.of(CallEnded)) == 1
    cluster.answers(2, 200)
    assert cluster.request(2, "BYE").to_tag == "t2"
    cluster.answers(2, 200, "BYE")
    cluster.run()
    assert cluster.endpoint.idle


@pytest.mark.parametrize("way", ["unreachable", "silent", "503"])
def test_a_call_that_was_hung_up_goes_on_to_no_other_server(way: str) -> None:
    cluster = Cluster()
    call = cluster.invite()
    cluster.endpoint.hangup(call, cluster.now)
    ways_to_fail(cluster, way)
    cluster.run()
    assert {server for server, _ in cluster.sent} == {1}
    (ended,) = cluster.of(CallEnded)
    assert ended.cause is EndCause.HANGUP
    assert cluster.endpoint.idle


def test_a_hang_up_after_the_change_of_server_cancels_at_both() -> None:
    cluster = Cluster()
    call = cluster.invite()
    cluster.run(4.0)
    cluster.answers(2, 180)
    cluster.endpoint.hangup(call, cluster.now)
    cluster.settle()
    cluster.answers(1, 180)
    assert cluster.request(2, "CANCEL").via.branch == cluster.request(2).via.branch
    assert cluster.request(1, "CANCEL").via.branch == cluster.request(1).via.branch
    cluster.run()
    assert cluster.of(CallEnded)[0].cause is EndCause.HANGUP
    assert cluster.endpoint.idle


def test_credentials_made_for_one_server_are_not_shown_to_the_next() -> None:
    challenger = Challenger(b"0123456789abcdef", random_bits=counted_bits())
    challenge = tuple(("WWW-Authenticate", value) for value in challenger.challenges("example", 0.0))
    cluster = Cluster()
    cluster.invite(username="bob", password="secret")
    cluster.answers(1, 401, headers=challenge)
    assert cluster.request(1).get("authorization")
    cluster.answers(1, 503)
    second = cluster.request(2)
    assert second.get("authorization") is None
    assert second.cseq.number == 3
    cluster.answers(2, 401, headers=challenge)
    assert cluster.request(2).get("authorization")
    cluster.answers(2, 200)
    assert cluster.request(2, "ACK").get("authorization")


def test_a_server_that_asked_for_a_pause_is_passed_over_by_later_calls() -> None:
    cluster = Cluster()
    cluster.invite()
    cluster.answers(1, 503, headers=(("Retry-After", "60"),))
    cluster.answers(2, 486)
    cluster.sent.clear()
    cluster.invite()
    assert cluster.requests() == ["INVITE 2"]
    cluster.answers(2, 503, headers=(("Retry-After", "60"),))
    ended = cluster.of(CallEnded)[-1]
    assert (ended.cause, ended.code) == (EndCause.REFUSED_BY_THEM, 503)
    cluster.sent.clear()
    cluster.invite()
    assert cluster.sent == []
    ended = cluster.of(CallEnded)[-1]
    assert (ended.cause, ended.code) == (EndCause.UNREACHABLE, 503)
    cluster.run()
    assert cluster.endpoint.idle
    cluster.now = 61.0
    cluster.invite()
    assert cluster.requests() == ["INVITE 1"]


def test_a_server_that_did_not_respond_is_tried_after_the_others_until_it_does() -> None:
    cluster = Cluster()
    cluster.invite()
    cluster.run(4.0)
    cluster.answers(2, 486)
    cluster.sent.clear()
    cluster.invite()
    cluster.fails(2)
    cluster.answers(1, 486)
    assert [server for server, _ in cluster.sent][:2] == [2, 1]
    cluster.sent.clear()
    cluster.invite()
    assert cluster.requests() == ["INVITE 1"]


def test_a_phone_that_is_busy_for_a_while_can_be_called_again_at_once() -> None:
    cluster = Cluster(servers=1)
    for _ in range(2):
        cluster.invite(destinations=(), destination=cluster.flows[0])
        cluster.answers(1, 503, headers=(("Retry-After", "60"),))
        assert cluster.of(CallEnded)[-1].code == 503
    assert [getattr(one, "method", "") for _, one in cluster.sent] == ["INVITE", "ACK"] * 2


def test_the_way_of_each_server_stands_in_via_and_contact() -> None:
    tcp = Flow(Transport.TCP, "192.0.2.2", 5060)
    cluster = Cluster(servers=1)
    cluster.flows = (*cluster.flows, tcp)
    cluster.invite()
    cluster.answers(1, 503)
    assert cluster.request(2).via.transport == "TCP"
    assert "transport=tcp" in (cluster.request(2).get("contact") or "")


def test_a_server_that_hangs_up_after_its_503_does_not_end_the_call_at_the_next() -> None:
    cluster = Cluster(servers=3, transport=Transport.TCP)
    cluster.invite()
    cluster.answers(1, 503)
    cluster.fails(1)
    assert cluster.requests() == ["INVITE 1", "ACK 1", "INVITE 2"]
    cluster.answers(2, 200)
    assert len(cluster.of(CallAnswered)) == 1


def test_a_connection_that_breaks_after_a_challenge_was_answered_leaves_nothing_behind() -> None:
    challenger = Challenger(b"0123456789abcdef", random_bits=counted_bits())
    challenge = tuple(("WWW-Authenticate", value) for value in challenger.challenges("example", 0.0))
    cluster = Cluster(servers=1)
    call = cluster.invite(username="bob", password="secret")
    cluster.answers(1, 401, headers=challenge)
    cluster.answers(1, 100)
    cluster.fails(1)
    assert cluster.of(CallEnded) == []
    cluster.endpoint.hangup(call, cluster.now)
    cluster.run()
    assert cluster.of(CallEnded)[0].cause is EndCause.HANGUP
    assert cluster.endpoint.idle
