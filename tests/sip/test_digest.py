"""Digest authentication, both sides."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from offhook.security.digest import ha1_of_every_algorithm
from offhook.sip.digest import ALGORITHMS, Challenge, Challenger, Credentials, Verdict, respond, strongest
from offhook.sip.errors import RemoteProtocolError

REALM = "voice.example"
URI = "sip:voice.example"
SECRETS = ha1_of_every_algorithm("alice", REALM, "s3cret")


def challenger(**more: object) -> Challenger:
    numbers = itertools.count(1)
    return Challenger(b"k" * 32, random_bits=lambda bits: next(numbers), **more)  # type: ignore[arg-type]


def answered(
    text: str,
    *,
    password: str = "s3cret",
    count: int = 1,
    uri: str = URI,
    user: str = "alice",
    body: bytes = b"",
) -> Credentials:
    credentials = respond(
        Challenge.parse(text),
        method="REGISTER",
        uri=uri,
        username=user,
        password=password,
        cnonce="c0",
        nonce_count=count,
        body=body,
    )
    return Credentials.parse(str(credentials))


def judged(
    server: Challenger,
    credentials: Credentials,
    *,
    now: float = 100.0,
    uri: str = URI,
    method: str = "REGISTER",
    peer: str = "",
    body: bytes = b"",
) -> Verdict:
    return server.verify(
        credentials, realm=REALM, method=method, uri=uri, secrets=SECRETS, now=now, peer=peer, body=body
    )


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = Challenge.parse(
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    credentials = respond(
        challenge,
        method="GET",
        uri="/dir/index.html",
        username="Mufasa",
        password="Circle of Life",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert credentials.response == response
    assert credentials.opaque == challenge.opaque


def test_a_challenge_without_qop_is_answered_as_rfc_2069_did() -> None:
    challenge = Challenge.parse('Digest realm="testrealm@host.com",nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"')
    credentials = respond(
        challenge, method="GET", uri="/dir/index.html", username="Mufasa", password="Circle Of Life", cnonce="unused"
    )
    assert credentials.response == "670fd8c2df070c60b045671b8b24ff02"
    assert "qop" not in str(credentials)


def test_both_algorithms_are_offered_the_strongest_first() -> None:
    offered = [Challenge.parse(text) for text in challenger().challenges(REALM, 100.0)]
    assert [challenge.algorithm for challenge in offered] == ["SHA-256", "MD5"]
    assert all(challenge.qop == ("auth",) and challenge.realm == REALM and not challenge.stale for challenge in offered)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_right_password_is_accepted_with_either_algorithm(algorithm: str) -> None:
    server = challenger()
    text = next(text for text in server.challenges(REALM, 100.0) if f"algorithm={algorithm}," in text)
    assert judged(server, answered(text)) is Verdict.ACCEPTED


def test_what_does_not_fit_is_refused() -> None:
    server = challenger()
    text = server.challenges(REALM, 100.0)[0]
    good = answered(text)
    assert judged(server, answered(text, password="wrong")) is Verdict.REFUSED
    assert judged(server, answered(text, user="bob")) is Verdict.REFUSED
    assert judged(server, good, method="INVITE") is Verdict.REFUSED
    assert judged(server, good, uri="sip:other.example") is Verdict.REFUSED
    assert judged(server, replace(good, qop="auth-int")) is Verdict.REFUSED
    assert judged(server, replace(good, qop="auth-conf")) is Verdict.REFUSED
    assert judged(server, replace(good, nonce_count=None)) is Verdict.REFUSED
    assert judged(server, replace(good, nonce_count="1")) is Verdict.REFUSED
    assert judged(server, replace(good, cnonce="")) is Verdict.REFUSED
    assert judged(server, replace(good, algorithm="SHA-512-256")) is Verdict.REFUSED
    assert server.verify(good, realm=REALM, method="REGISTER", uri=URI, secrets={}, now=100.0) is Verdict.REFUSED
    assert judged(server, good) is Verdict.ACCEPTED, "none of the refusals used the nonce up"


def test_a_request_uri_with_port_and_parameters_is_the_same_target() -> None:
    server = challenger()
    good = answered(server.challenges(REALM, 100.0)[0])
    assert judged(server, good, uri="sip:voice.example:5060;transport=tcp") is Verdict.ACCEPTED


def test_a_captured_request_cannot_be_replayed() -> None:
    server = challenger()
    text = server.challenges(REALM, 100.0)[0]
    assert judged(server, answered(text, count=1)) is Verdict.ACCEPTED
    assert judged(server, answered(text, count=1)) is Verdict.STALE
    assert judged(server, answered(text, count=3)) is Verdict.ACCEPTED
    assert judged(server, answered(text, count=2)) is Verdict.STALE
    assert server.size == 1


def test_without_qop_a_nonce_is_good_for_one_request() -> None:
    server = challenger()
    challenge = replace(Challenge.parse(server.challenges(REALM, 100.0)[1]), qop=())
    credentials = answered(str(challenge))
    assert credentials.qop is None
    assert [judged(server, credentials) for _ in range(2)] == [Verdict.ACCEPTED, Verdict.STALE]


def test_an_old_nonce_is_stale_and_tells_nothing_about_the_password() -> None:
    server = challenger(lifetime=60.0)
    text = server.challenges(REALM, 100.0)[0]
    assert judged(server, answered(text), now=161.0) is Verdict.STALE
    assert judged(server, answered(text, password="wrong"), now=161.0) is Verdict.STALE
    assert judged(server, answered(text), now=99.0) is Verdict.STALE, "from the future"
    assert judged(server, answered(text), now=160.0) is Verdict.ACCEPTED


@pytest.mark.parametrize("nonce", ["", "short", "0" * 60, "\udcff", "é", "\0"])
def test_a_nonce_that_is_not_ours_is_stale(nonce: str) -> None:
    server = challenger()
    good = answered(server.challenges(REALM, 100.0)[0])
    assert judged(server, replace(good, nonce=nonce)) is Verdict.STALE
    assert not server.fresh(replace(good, nonce=nonce), realm=REALM, now=100.0)
    assert not server.fresh(good, realm="other", now=100.0)


def test_a_nonce_is_good_only_for_the_peer_that_got_it() -> None:
    server = challenger()
    credentials = answered(server.challenges(REALM, 100.0, peer="192.0.2.1")[0])
    assert judged(server, credentials, peer="192.0.2.2") is Verdict.STALE
    assert judged(server, credentials, peer="192.0.2.1") is Verdict.ACCEPTED


def test_auth_int_covers_the_body() -> None:
    server = challenger(qop=("auth-int",))
    text = server.challenges(REALM, 100.0)[0]
    credentials = answered(text, body=b"v=0")
    assert credentials.qop == "auth-int"
    assert judged(server, credentials, body=b"v=1") is Verdict.REFUSED
    assert judged(server, replace(credentials, qop="auth"), body=b"v=0") is Verdict.REFUSED
    assert judged(server, credentials, body=b"v=0") is Verdict.ACCEPTED


def test_of_both_protections_the_one_that_survives_middle_boxes_is_chosen() -> None:
    text = challenger(qop=("auth-int", "auth")).challenges(REALM, 100.0)[0]
    assert 'qop="auth-int,auth"' in text
    assert answered(text).qop == "auth"


def test_a_nonce_from_before_a_restart_is_stale() -> None:
    numbers = itertools.count(1)
    other = Challenger(b"other secret 16!", random_bits=lambda bits: next(numbers))
    assert judged(challenger(), answered(other.challenges(REALM, 100.0)[0])) is Verdict.STALE


def test_a_nonce_is_bound_to_its_realm() -> None:
    server = challenger()
    elsewhere = Challenge.parse(server.challenges("elsewhere", 100.0)[0])
    assert judged(server, answered(str(replace(elsewhere, realm=REALM)))) is Verdict.STALE


def test_forgetting_nonces_for_room_never_allows_a_replay() -> None:
    server = challenger(max_nonces=10)
    texts = [server.challenges(REALM, 100.0 + step)[0] for step in range(15)]
    for step, text in enumerate(texts):
        assert judged(server, answered(text), now=100.0 + step) is Verdict.ACCEPTED
    assert server.size == 10
    assert [judged(server, answered(text), now=115.0) for text in texts] == [Verdict.STALE] * 15
    assert judged(server, answered(texts[-1], count=2), now=115.0) is Verdict.ACCEPTED


def test_nonces_that_are_over_leave_the_table() -> None:
    server = challenger(lifetime=10.0)
    for step in range(100):
        now = 100.0 + step
        assert judged(server, answered(server.challenges(REALM, now)[0]), now=now) is Verdict.ACCEPTED
    assert server.size <= 12


def test_a_short_secret_is_not_accepted() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Challenger(b"short", random_bits=lambda bits: 0)


def test_the_strongest_challenge_that_is_understood_is_answered() -> None:
    md5 = 'Digest realm="r", nonce="1", algorithm=md5, qop="auth"'
    sha = 'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth-int,AUTH"'
    best = strongest([md5, "Basic realm=r", "Digest nonsense", sha, 'Digest realm="r", nonce="3", algorithm=SHA-512'])
    assert best is not None
    assert (best.nonce, best.algorithm) == ("2", "SHA-256")
    only_md5 = strongest([md5])
    assert only_md5 is not None
    assert only_md5.algorithm == "MD5"
    assert strongest([]) is None
    assert (
        strongest(['Digest realm="r", nonce="1", qop="auth-conf"', 'Digest realm="r", nonce="1", algorithm=MD5-sess'])
        is None
    )


def test_values_with_quotes_commas_and_odd_spacing_are_read() -> None:
    challenge = Challenge.parse(
        'digest   realm = "a \\"b\\", c" ,nonce="n",STALE=TRUE, algorithm="sha-256" , opaque=""'
    )
    assert challenge == Challenge(realm='a "b", c', nonce="n", stale=True, algorithm="SHA-256", opaque="")
    assert Challenge.parse(str(challenge)) == challenge


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Digest",
        'Digest username="a", realm="r", nonce="n", uri="u", response="a b"',
        'Digest username="a", realm="r", nonce="n", uri="u", response=""',
        "Basic dXNlcjpwYXNz",
        'Digest username="a", realm="r", nonce="n", uri="u"',
        'Digest username="a", username="b", realm="r", nonce="n", uri="u", response="x"',
        'Digest username="a, realm="r", nonce="n", uri="u", response="x"',
        'Digest username="a" realm="r", nonce="n", uri="u", response="x"',
    ],
)
def test_credentials_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Credentials.parse(text)


def test_odd_bytes_in_credentials_are_refused_not_raised() -> None:
    server = challenger()
    good = answered(server.challenges(REALM, 100.0)[0])
    for odd in ("\udcff", "é", "\0"):
        assert judged(server, replace(good, response=odd)) is Verdict.REFUSED
        assert judged(server, replace(good, cnonce=odd)) is Verdict.REFUSED
        assert judged(server, replace(good, uri=odd)) is Verdict.REFUSED


def test_only_what_is_offered_stands_in_a_challenge():
    [only] = challenger(algorithms=("MD5",)).challenges("example.com", 0.0)
    assert "algorithm=MD5" in only
