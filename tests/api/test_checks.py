from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.api import checks

CHECKS = (
    checks.web_url,
    checks.http_method,
    checks.address,
    checks.caller,
    checks.login,
    checks.password,
    checks.keys,
    checks.label,
    checks.version,
)


@pytest.mark.parametrize(
    ("check", "given_text", "expected"),
    [
        (checks.web_url, " https://u:p@x.example:8443/a?b=c#rc=2 ", "https://u:p@x.example:8443/a?b=c#rc=2"),
        (checks.web_url, "HTTP://[::1]/", "HTTP://[::1]/"),
        (checks.http_method, "get", "GET"),
        (checks.address, "+1 (415) 555-0100", "+14155550100"),
        (checks.address, "1000?X-Room=7", "1000?X-Room=7"),
        (checks.address, "CLIENT:alice", "client:alice"),
        (checks.address, "sip:bob@x.example;transport=tcp?X-A=1", "sip:bob@x.example;transport=tcp?X-A=1"),
        (checks.caller, "Reception", "Reception"),
        (checks.caller, "+1 415 555 0100", "+14155550100"),
        (checks.keys, "ww12#*W", "ww12#*W"),
    ],
)
def test_what_is_right_is_taken_in_its_plain_form(check: Callable[[str], str], given_text: str, expected: str) -> None:
    assert check(given_text) == expected


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (checks.web_url, "ftp://x.example/"),
        (checks.web_url, "//x.example/"),
        (checks.web_url, "http:///path"),
        (checks.web_url, "http://x.example/a b"),
        (checks.web_url, "http://x:70000/"),
        (checks.web_url, "http://x/" + "a" * 4000),
        (checks.http_method, "PUT"),
        (checks.address, ""),
        (checks.address, "alice"),
        (checks.address, "client:"),
        (checks.address, "client:a b"),
        (checks.address, "sip:a@b\r\nVia: x"),
        (checks.caller, "a\r\nb"),
        (checks.caller, 'a"b'),
        (checks.login, "a@b"),
        (checks.login, ""),
        (checks.password, "aaaaaaaaaa"),
        (checks.password, "short"),
        (checks.keys, "12;34"),
        (checks.version, "2013-01-01"),
    ],
)
def test_what_is_wrong_is_refused(check: Callable[[str], str], wrong: str) -> None:
    with pytest.raises(ValueError):
        check(wrong)


@given(st.sampled_from(CHECKS), st.text())
def test_no_check_lets_a_line_break_into_a_sip_header_or_fails_otherwise(
    check: Callable[[str], str], text: str
) -> None:
    try:
        found = check(text)
    except ValueError:
        return
    if check in (checks.address, checks.caller, checks.web_url, checks.login):
        assert "\r" not in found
        assert "\n" not in found
