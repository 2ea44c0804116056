"""Keys in session descriptions."""

from __future__ import annotations

import base64

import pytest

from offhook.sip.crypto import SUITES, Crypto, Keying, accepted, agreed, lines_of

KEY = base64.b64encode(bytes(range(30))).decode()
OURS = {suite: bytes([number]) * size for number, (suite, size) in enumerate(SUITES.items())}


@pytest.mark.parametrize(
    "line",
    [
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 INLINE:{KEY}|2^48",
        f"1  AES_CM_128_HMAC_SHA1_80\tinline:{KEY}|1048576 WSH=64 -UNKNOWN=1",
    ],
)
def test_a_line_with_one_key_is_taken(line: str) -> None:
    assert Crypto.parse(line) == Crypto(tag=1, suite="AES_CM_128_HMAC_SHA1_80", key=bytes(range(30)))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1 AES_CM_128_HMAC_SHA1_80",
        f"x AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 prompt:{KEY}",
        "1 AES_CM_128_HMAC_SHA1_80 inline:",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY[:-1]}!",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}ä",
        f"1 AEAD_AES_128_GCM inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^10",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=1",
    ],
)
def test_what_we_cannot_do_as_it_says_is_not_taken(line: str) -> None:
    assert Crypto.parse(line) is None


def test_what_is_written_reads_back_and_keys_are_never_shown() -> None:
    for line in lines_of(OURS):
        assert Crypto.parse(str(line)) == line
        assert str(line.key) not in repr(line)
        keying = Keying(suite=line.suite, sends=line.key, receives=line.key)
        assert repr(keying) == f"Keying(suite='{line.suite}')"


def test_an_offer_names_every_suite_the_strongest_first() -> None:
    assert [(line.tag, line.suite) for line in lines_of(OURS)] == list(enumerate(SUITES, 1))


def test_their_order_decides_and_the_answer_repeats_the_tag() -> None:
    theirs = [
        Crypto(tag=7, suite="AES_CM_128_HMAC_SHA1_32", key=b"a" * 30),
        Crypto(tag=8, suite="AEAD_AES_256_GCM", key=b"b" * 44),
    ]
    line = accepted(theirs, OURS)
    assert line == Crypto(tag=7, suite="AES_CM_128_HMAC_SHA1_32", key=OURS["AES_CM_128_HMAC_SHA1_32"])
    assert accepted(theirs, {}) is None
    ours = agreed([line], theirs)
    assert ours == Keying(suite=line.suite, sends=line.key, receives=b"a" * 30)
    back = agreed(theirs, [line])
    assert back == Keying(suite=line.suite, sends=b"a" * 30, receives=line.key)


def test_an_answer_that_counts_its_lines_anew_is_understood_by_its_suite() -> None:
    theirs = [Crypto(tag=1, suite="AES_CM_128_HMAC_SHA1_80", key=b"t" * 30)]
    keying = agreed(lines_of(OURS), theirs)
    assert keying is not None
    assert (keying.suite, keying.sends) == ("AES_CM_128_HMAC_SHA1_80", OURS["AES_CM_128_HMAC_SHA1_80"])
    assert agreed(lines_of({}), theirs) is None
