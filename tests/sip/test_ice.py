"""What session descriptions say of ICE, DTLS and bundles."""

from __future__ import annotations

import pytest

from offhook.sip.ice import Fingerprint, WebAttributes, WebTransport, address_of, answers, host_candidates, readable

DIGEST = bytes(range(32))
FINGERPRINT = f"sha-256 {DIGEST.hex(':').upper()}"
HOST = "1467250027 1 udp 2122260223 192.0.2.7 46243 typ host generation 0"


def read(*lines: str, session: tuple[str, ...] = ()) -> WebTransport | None:
    stream, around = WebAttributes(), WebAttributes()
    for attributes, told in ((stream, lines), (around, session)):
        for line in told:
            name, _, value = line.partition(":")
            attributes.take(name, value)
    return stream.finished(around)


def test_a_browser_says_who_it_is_and_where() -> None:
    web = read(
        "ice-ufrag:wAbC",
        "ice-pwd:abcdefghijklmnopqrstuv",
        "ice-options:trickle renomination",
        f"fingerprint:{FINGERPRINT.lower()}",
        "setup:actpass",
        f"candidate:{HOST}",
        "candidate:1 1 udp 2122260223 0b5b0d5e-4e2f.local 46243 typ host",
        "candidate:nonsense",
        "end-of-candidates",
    )
    assert web == WebTransport(
        ufrag="wAbC",
        password="abcdefghijklmnopqrstuv",
        fingerprint=Fingerprint(hash="sha-256", digest=DIGEST),
        setup="actpass",
        candidates=(HOST,),
        complete=True,
        trickles=True,
    )
    assert "abcdefgh" not in repr(web)


def test_what_the_session_says_holds_where_a_stream_says_nothing() -> None:
    session = (
        "ice-ufrag:sess",
        "ice-pwd:session-password+of/session",
        f"fingerprint:{FINGERPRINT}",
        "setup:active",
        "ice-lite",
    )
    session = tuple(line.replace("session-password", "sessionpassword") for line in session)
    web = read("ice-ufrag:mine", session=session)
    assert web is not None
    assert (web.ufrag, web.password, web.setup, web.lite) == ("mine", "sessionpassword+of/session", "active", True)


@pytest.mark.parametrize(
    "missing",
    [
        ("ice-ufrag:abcd", "ice-pwd:abcdefghijklmnopqrstuv"),
        ("ice-ufrag:abcd", f"fingerprint:{FINGERPRINT}"),
        ("ice-ufrag:a b", "ice-pwd:abcdefghijklmnopqrstuv", f"fingerprint:{FINGERPRINT}"),
        (
            "ice-ufrag:abcd",
            "ice-pwd:abcdefghijklmnopqrstuv",
            "fingerprint:md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
        ),
        ("ice-ufrag:abcd", "ice-pwd:abcdefghijklmnopqrstuv", "fingerprint:sha-512 " + FINGERPRINT.split()[1]),
    ],
)
def test_without_name_password_and_fingerprint_there_is_no_way(missing: tuple[str, ...]) -> None:
    assert read(*missing) is None


def test_the_strongest_fingerprint_need_not_come_first_but_one_that_we_know() -> None:
    web = read(
        "ice-ufrag:abcd", "ice-pwd:abcdefghijklmnopqrstuv", "fingerprint:sha-1 AA:BB", f"fingerprint:{FINGERPRINT}"
    )
    assert web is not None
    assert str(web.fingerprint) == FINGERPRINT


def test_what_we_write_we_read() -> None:
    web = WebTransport(
        ufrag="0123456789abcdef",
        password="0123456789abcdef0123456789abcdef",
        fingerprint=Fingerprint(hash="sha-256", digest=DIGEST),
        setup="passive",
        candidates=host_candidates(("192.0.2.1", "2001:db8::1"), 16_382, tcp=True),
        complete=True,
    )
    assert read(*(line.removeprefix("a=") for line in web.lines())) == web


def test_datagrams_come_before_connections_and_the_first_address_before_others() -> None:
    lines = host_candidates(("192.0.2.1", "192.0.2.2"), 16_382, tcp=True)
    assert all(map(readable, lines))
    assert [address_of(line) for line in lines] == ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"]
    by_priority = sorted(lines, key=lambda line: -int(line.split()[3]))
    assert [line.split()[2] for line in by_priority] == ["udp", "udp", "tcp", "tcp"]
    assert by_priority[0] == lines[0]
    assert lines[1].endswith("typ host tcptype passive")


@pytest.mark.parametrize(("theirs", "ours"), [("actpass", "passive"), ("active", "passive"), ("passive", "active")])
def test_who_comes_through_first_begins_the_handshake(theirs: str, ours: str) -> None:
    assert answers(theirs) == ours


def test_candidates_beyond_the_limit_are_not_looked_at() -> None:
    lines = [f"candidate:{index} 1 udp 1 192.0.2.7 {index + 1000} typ host" for index in range(100)]
    web = read("ice-ufrag:abcd", "ice-pwd:abcdefghijklmnopqrstuv", f"fingerprint:{FINGERPRINT}", *lines)
    assert web is not None
    assert len(web.candidates) == 32
