from __future__ import annotations

from offhook.sip.credentials import answered
from offhook.sip.identifiers import Identifiers
from offhook.sip.message import Request, Response, parse
from offhook.sip.testing import counted_bits
from tests.sip.raw import request

IDS = Identifiers(counted_bits())
MD5 = 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'


def ask() -> Request:
    message = parse(request("BYE", headers=["X-Kept: yes"]))
    assert isinstance(message, Request)
    return message


def again(first: Request, response: Response, password: str | None = "p") -> Request | None:
    return answered(first, response, "u", password, IDS, lambda: 8)


def test_the_request_comes_again_in_a_new_transaction() -> None:
    first = ask()
    second = again(first, first.response(401, headers=[("WWW-Authenticate", MD5)]))
    assert second is not None
    assert second.via.branch != first.via.branch
    assert str(second.cseq) == "8 BYE"
    assert second.get("x-kept") == "yes"
    assert 'username="u"' in (second.get("authorization") or "")
    assert bytes(first) == bytes(ask())


def test_the_strongest_algorithm_is_answered() -> None:
    first = ask()
    headers = [("WWW-Authenticate", MD5), ("WWW-Authenticate", MD5.replace("MD5", "SHA-256"))]
    second = again(first, first.response(401, headers=headers))
    assert second is not None
    assert "algorithm=SHA-256" in (second.get("authorization") or "")


def test_refused_credentials_are_not_repeated_but_a_stale_nonce_is_renewed() -> None:
    first = ask()
    second = again(first, first.response(407, headers=[("Proxy-Authenticate", MD5)]))
    assert second is not None
    assert again(second, second.response(407, headers=[("Proxy-Authenticate", MD5)])) is None
    third = again(second, second.response(407, headers=[("Proxy-Authenticate", MD5 + ", stale=true")]))
    assert third is not None
    assert len(third.lines("proxy-authorization")) == 1


def test_nothing_is_answered_without_a_password_a_challenge_or_a_known_algorithm() -> None:
    first = ask()
    challenge = first.response(401, headers=[("WWW-Authenticate", MD5)])
    assert again(first, challenge, None) is None
    assert again(first, first.response(401)) is None
    assert again(first, first.response(403)) is None
    assert again(first, first.response(401, headers=[("WWW-Authenticate", MD5.replace("MD5", "ROT13"))])) is None
