from __future__ import annotations

from offhook.sip.exchange import Exchange
from offhook.sip.identifiers import Identifiers
from offhook.sip.message import Request, Response, parse
from offhook.sip.settings import SipSettings
from offhook.sip.testing import counted_bits
from offhook.sip.timers import Timers
from offhook.sip.transaction.durations import Durations
from offhook.sip.transaction.layer import Transactions
from offhook.sip.transaction.transaction import Surroundings
from tests.sip.raw import PEER, request

CHALLENGE = 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'


class Bench:
    def __init__(self) -> None:
        self.timers = Timers()
        self.around = Surroundings(self.timers, Durations(SipSettings()))
        self.transactions = Transactions(self.around)
        self.finals: list[int | None] = []
        ids = Identifiers(counted_bits())
        exchange = Exchange(self.transactions, self.final, "u", "p", ids)
        message = parse(request("INFO"))
        assert isinstance(message, Request)
        exchange.start(message, PEER, 0.0)

    def final(self, response: Response | None, _now: float) -> None:
        self.finals.append(None if response is None else response.status)

    def answer(self, status: int) -> None:
        message = parse(self.around.transmits[-1].data)
        assert isinstance(message, Request)
        headers = [("WWW-Authenticate", CHALLENGE)] if status == 401 else []
        self.transactions.receive_response(message.response(status, headers=headers), 0.0)


def test_the_final_response_is_told_once() -> None:
    bench = Bench()
    for status in (100, 183, 200, 200):
        bench.answer(status)
    assert bench.finals == [200]


def test_a_challenge_is_answered_before_anything_is_told() -> None:
    bench = Bench()
    bench.answer(401)
    assert bench.finals == []
    bench.answer(200)
    assert bench.finals == [200]


def test_a_second_challenge_is_the_final_response() -> None:
    bench = Bench()
    bench.answer(401)
    bench.answer(401)
    assert bench.finals == [401]


def test_silence_and_a_failed_transport_are_told_as_nothing() -> None:
    silent, broken = Bench(), Bench()
    while (moment := silent.timers.deadline()) is not None:
        silent.timers.expire(moment)
    broken.transactions.fail(PEER, 0.0)
    assert silent.finals == broken.finals == [None]
