from __future__ import annotations

from offhook.sip.answering import Silent
from offhook.sip.call import Call, CallState, Repeating
from offhook.sip.events import CallHandle
from offhook.sip.message import Request, parse
from offhook.sip.settings import SipSettings
from offhook.sip.timers import Timers
from offhook.sip.transaction.durations import Durations
from offhook.sip.transaction.layer import Transactions
from offhook.sip.transaction.transaction import Surroundings
from tests.sip.raw import PEER, request


def test_stopping_leaves_no_timer() -> None:
    timers = Timers()
    transactions = Transactions(Surroundings(timers, Durations(SipSettings())))
    invite = parse(request())
    assert isinstance(invite, Request)
    call = Call(CallHandle(1), CallState.ANSWERED, invite, PEER, "t")
    call.limit = timers.start(1.0, lambda _now: None)
    call.repeating = Repeating(transactions.open_server(invite, PEER, Silent(), 0.0), 1, b"200", late_offer=False)
    call.repeating.timer = timers.start(2.0, lambda _now: None)
    call.repeating.give_up = timers.start(3.0, lambda _now: None)
    for _ in range(2):
        call.stop_limit()
        call.stop_repeating()
    assert len(timers) == 0
    assert call.repeating is None
