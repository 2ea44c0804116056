from __future__ import annotations

import pytest

from offhook.sip.answering import Silent
from offhook.sip.events import IncomingCall
from offhook.sip.message import Request, parse
from offhook.sip.settings import SipSettings
from offhook.sip.timers import Timers
from offhook.sip.transaction.durations import Durations
from offhook.sip.transaction.layer import Transactions, ack_of_failure, respond_with
from offhook.sip.transaction.transaction import Surroundings
from tests.sip.raw import PEER, Line, request


def read(*args: str, **more: object) -> Request:
    message = parse(request(*args, **more))  # type: ignore[arg-type]
    assert isinstance(message, Request)
    return message


def layer() -> Transactions:
    return Transactions(Surroundings(Timers(), Durations(SipSettings())))


def test_a_cancel_and_an_ack_find_their_invite_and_other_methods_do_not() -> None:
    transactions = layer()
    invite = transactions.open_server(read(), PEER, Silent(), 0.0, b"100")
    assert transactions.server_of(read()) is invite
    assert transactions.server_of(read("ACK")) is invite
    assert transactions.cancelled_by(read("CANCEL")) is invite
    assert transactions.server_of(read("CANCEL")) is None
    assert transactions.server_of(read("INFO")) is None


def test_the_same_branch_from_another_host_is_another_transaction() -> None:
    transactions = layer()
    transactions.open_server(read(), PEER, Silent(), 0.0, b"100")
    assert transactions.server_of(read(via="192.0.2.99")) is None


def test_peers_of_rfc_2543_are_matched_by_everything_else() -> None:
    def old(method: str, cseq: int = 1) -> Request:
        message = parse(request(method, cseq=cseq).replace(b"z9hG4bK1", b"1"))
        assert isinstance(message, Request)
        return message

    transactions = layer()
    invite = transactions.open_server(old("INVITE"), PEER, Silent(), 0.0, b"100")
    assert transactions.server_of(old("INVITE")) is invite
    assert transactions.server_of(old("ACK")) is invite
    assert transactions.cancelled_by(old("CANCEL")) is invite
    assert transactions.server_of(old("INVITE", 2)) is None


def test_a_response_finds_its_request_by_branch_and_method() -> None:
    transactions = layer()
    bye = read("BYE")
    transactions.open_client(bye, PEER, Silent(), 0.0)
    assert not transactions.receive_response(read("INFO").response(200), 0.0)
    assert not transactions.receive_response(read("BYE", branch="2").response(200), 0.0)
    assert transactions.receive_response(bye.response(200), 0.0)


def test_tables_are_empty_when_transactions_are_over() -> None:
    transactions = layer()
    invite = transactions.open_server(read(), PEER, Silent(), 0.0, b"100")
    assert transactions.merged(read(branch="2"))
    respond_with(invite, read().response(486), 0.0)
    transactions.open_client(read("BYE"), PEER, Silent(), 0.0)
    timers = transactions._around.timers
    while (moment := timers.deadline()) is not None:
        timers.expire(moment)
    assert not any(transactions.sizes().values())
    assert not transactions.merged(read(branch="2"))


def test_the_ack_of_a_failure_keeps_route_and_takes_the_to_of_the_response() -> None:
    invite = read(headers=["Route: <sip:p;lr>"])
    ack = ack_of_failure(invite, invite.response(486, to_tag="x"))
    assert (ack.method, ack.uri, str(ack.cseq)) == ("ACK", invite.uri, "1 ACK")
    assert ack.to_tag == "x"
    assert ack.lines("route") == ["<sip:p;lr>"]
    assert str(ack.via) == str(invite.via)


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE"])
def test_a_request_that_was_answered_is_forgotten_and_its_retransmission_is_answered_again(method: str) -> None:
    line = Line()
    line.says(request(method))
    if method == "INVITE":
        line.endpoint.refuse(line.side.one(IncomingCall).call, 486, 0.0)
    line.wire.settle()
    (kept,) = line.endpoint._agent.transactions._all()
    assert kept.request.call_id != "c1"
    said = line.sent[-1]
    line.says(request(method))
    line.wire.settle()
    assert line.sent[-1] == said
    line.wire.run()
    assert line.endpoint.idle
