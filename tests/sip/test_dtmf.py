from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.dtmf import MEDIA_TYPES, RELAY, read, written


@pytest.mark.parametrize(
    ("kind", "body", "digit", "duration"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5", 0.16),
        ("application/dtmf-relay", b"Signal= *\nDuration= 250", "*", 0.25),
        ("application/dtmf-relay", b"signal=11\r\n", "#", 0.1),
        ("application/dtmf-relay", b"7", "7", 0.1),
        ("application/dtmf", b"9\r\n", "9", 0.1),
        ("application/dtmf", b"d", "D", 0.1),
    ],
)
def test_keys_in_the_ways_in_which_phones_write_them(kind: str, body: bytes, digit: str, duration: float) -> None:
    assert read(kind, body) == (digit, duration)


@pytest.mark.parametrize("body", [b"", b"Signal=", b"Signal=X", b"55", b"Signal=555"])
def test_what_is_no_key_is_none(body: bytes) -> None:
    assert read("application/dtmf-relay", body) is None


@given(st.sampled_from(MEDIA_TYPES), st.binary())
def test_no_body_raises_and_every_key_is_one_of_sixteen(kind: str, body: bytes) -> None:
    key = read(kind, body)
    assert key is None or key.digit in "0123456789*#ABCD"


def test_what_we_write_is_what_we_read() -> None:
    for key in "0123456789*#ABCD":
        assert read(RELAY, written(key, 160)) == (key, 0.16)
