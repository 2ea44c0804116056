"""REGISTER of ours to a registrar at the other end of a virtual line."""

from __future__ import annotations

import pytest

from offhook.security.digest import ha1
from offhook.sip.digest import Challenger, Credentials, Verdict
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import RegisterAnswered, RegisterReceived
from offhook.sip.message import Request, parse
from offhook.sip.registering import read
from offhook.sip.registration import Answer
from offhook.sip.signalling import Headers, RegisterOrder
from offhook.sip.testing import Wire, counted_bits

ORDER = RegisterOrder(
    registrar="sip:192.0.2.2",
    address="sip:us@carrier.test",
    contact_user="us",
    expires=600,
    call_id="one",
    cseq=4,
    username="us",
    password="secret",
)


def registered(reply: tuple[int, Headers], **wire: object) -> tuple[Answer, list[Request]]:
    """What came of a REGISTER that is answered so, and the requests as the registrar saw them."""
    line = Wire(**wire)  # type: ignore[arg-type]
    seen: list[Request] = []

    def decide(event: object) -> None:
        if isinstance(event, RegisterReceived):
            seen.append(event.request)
            line.right.endpoint.reply(event.handle, reply[0], line.now, headers=reply[1])

    line.right.on_event = decide
    line.left.endpoint.register(ORDER, line.now)
    line.run()
    assert line.idle
    return line.left.one(RegisterAnswered).answer, seen


def test_a_contact_is_bound_for_the_time_that_the_registrar_grants() -> None:
    answer, (request,) = registered((200, [("Contact", "<sip:us@192.0.2.1:5060>;expires=300")]))
    assert answer == Answer(code=200, expires=300)
    assert (request.uri, request.to.uri.user, str(request.to.uri)) == ("sip:192.0.2.2", "us", "sip:us@carrier.test")
    assert request.get("contact") == "<sip:us@192.0.2.1:5060>;expires=600"
    assert (request.get("expires"), request.call_id, request.cseq.number) == ("600", "one", 4)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ((200, [("Expires", "120")]), Answer(code=200, expires=120)),
        ((200, [("Contact", "<sip:other@192.0.2.9>;expires=9"), ("Expires", "120")]), Answer(code=200, expires=120)),
        ((200, []), Answer(code=200)),
        ((423, [("Min-Expires", "1800")]), Answer(code=423, min_expires=1800)),
        ((403, []), Answer(code=403)),
        ((503, [("Retry-After", "60")]), Answer(code=503, retry_after=60)),
    ],
)
def test_what_the_registrar_says_is_told(reply: tuple[int, Headers], answer: Answer) -> None:
    assert registered(reply)[0] == answer


def test_a_registrar_that_is_silent_is_told_so() -> None:
    answer, _ = registered((200, []), fate=lambda _: [])
    assert answer == Answer(code=None, reason="it does not answer")


def test_a_challenge_is_answered() -> None:
    line = Wire()
    challenger = Challenger(b"0" * 16, random_bits=counted_bits())
    secrets = {"SHA-256": ha1("us", "carrier.test", "secret", "SHA-256")}
    verdicts: list[Verdict] = []

    def decide(event: object) -> None:
        if not isinstance(event, RegisterReceived):
            return
        given = event.request.get("authorization")
        if given is None:
            line.right.endpoint.challenge(event.handle, challenger.challenges("carrier.test", line.now), line.now)
            return
        verdicts.append(
            challenger.verify(
                Credentials.parse(given),
                realm="carrier.test",
                method="REGISTER",
                uri=event.request.uri,
                secrets=secrets,
                now=line.now,
            )
        )
        line.right.endpoint.reply(event.handle, 200, line.now)

    line.right.on_event = decide
    line.left.endpoint.register(ORDER, line.now)
    line.run()
    assert verdicts == [Verdict.ACCEPTED]
    assert line.left.one(RegisterAnswered).answer.code == 200


def test_lost_and_repeated_messages_change_nothing() -> None:
    sent: list[bytes] = []

    def fate(data: bytes) -> list[float]:
        sent.append(data)
        return [] if len(sent) % 3 == 1 else [0.01, 0.3]

    answer, _ = registered((200, []), fate=fate)
    assert answer.code == 200


def test_an_address_that_no_transport_leads_to_is_refused() -> None:
    with pytest.raises(LocalProtocolError):
        Wire().left.endpoint.register(
            RegisterOrder(
                registrar="sip:192.0.2.2;transport=sctp",
                address="sip:us@carrier.test",
                contact_user="us",
                expires=1,
                call_id="c",
                cseq=1,
            ),
            0.0,
        )


def test_contacts_that_cannot_be_read_say_nothing_of_the_time() -> None:
    request = parse(
        b"REGISTER sip:r SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\n"
        b"Call-ID: 1\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    assert isinstance(request, Request)
    response = request.response(200, headers=[("Contact", "<sip:us@h"), ("Expires", "60")])
    assert read(response, "<sip:us@h>") == Answer(code=200)
    assert read(None, "<sip:us@h>").code is None
