from __future__ import annotations

from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Response, parse
from offhook.sip.outages import Outages
from offhook.sip.settings import SipSettings

ONE, TWO, THREE = (Flow(Transport.UDP, f"192.0.2.{number}", 5060) for number in (1, 2, 3))


def unavailable(value: str = "") -> Response:
    header = f"Retry-After: {value}\r\n" if value else ""
    message = parse(f"SIP/2.0 503 Service Unavailable\r\n{header}Content-Length: 0\r\n\r\n".encode())
    assert isinstance(message, Response)
    return message


def test_a_server_that_asked_for_a_pause_is_left_alone_for_that_long() -> None:
    outages = Outages(SipSettings())
    outages.unavailable(ONE, unavailable("20"), 100.0)
    assert outages.worth_trying([ONE, TWO], 119.0) == (TWO,)
    assert outages.worth_trying([ONE], 119.0) == ()
    assert outages.worth_trying([ONE, TWO], 120.0) == (ONE, TWO)
    assert len(outages) == 0


def test_a_pause_has_a_limit_and_without_retry_after_there_is_none() -> None:
    outages = Outages(SipSettings(retry_after_limit=30.0))
    outages.unavailable(ONE, unavailable("100000"), 0.0)
    outages.unavailable(TWO, unavailable(), 0.0)
    assert outages.worth_trying([ONE, TWO], 29.0) == (TWO,)
    assert outages.worth_trying([ONE, TWO], 30.0) == (ONE, TWO)
    unheeding = Outages(SipSettings(retry_after_limit=0.0))
    unheeding.unavailable(ONE, unavailable("10"), 0.0)
    assert unheeding.worth_trying([ONE], 0.0) == (ONE,)


def test_servers_that_did_not_respond_are_tried_last_until_they_do() -> None:
    outages = Outages(SipSettings(failover_memory=30.0))
    outages.silent(ONE, 0.0)
    assert outages.worth_trying([ONE, TWO, THREE], 1.0) == (TWO, THREE, ONE)
    outages.responds(ONE)
    assert outages.worth_trying([ONE, TWO, THREE], 1.0) == (ONE, TWO, THREE)
    outages.silent(ONE, 0.0)
    assert outages.worth_trying([ONE, TWO], 30.0) == (ONE, TWO)
    forgetful = Outages(SipSettings(failover_memory=0.0))
    forgetful.silent(ONE, 0.0)
    assert len(forgetful) == 0


def test_the_memory_is_bounded() -> None:
    outages = Outages(SipSettings())
    for number in range(3000):
        outages.silent(Flow(Transport.UDP, "192.0.2.1", number), 0.0)
        outages.unavailable(Flow(Transport.UDP, "192.0.2.2", number), unavailable("60"), 0.0)
    assert len(outages) == 2000
