from __future__ import annotations

import pytest

from offhook.sip.capabilities import capabilities, unsupported
from offhook.sip.settings import SipSettings


@pytest.mark.parametrize(
    ("prack", "supported", "unknown"),
    [
        ("never", "timer, replaces, norefersub, tdialog", ["100REL", "foo"]),
        ("supported", "100rel, timer, replaces, norefersub, tdialog", ["foo"]),
        ("required", "100rel, timer, replaces, norefersub, tdialog", ["foo"]),
    ],
)
def test_what_is_said_to_be_supported_may_be_required(prack: str, supported: str, unknown: list[str]) -> None:
    settings = SipSettings(prack=prack)
    assert dict(capabilities(settings))["Supported"] == supported
    assert unsupported(["100REL", "timer", "foo"], settings) == unknown


def test_every_method_that_is_answered_is_allowed() -> None:
    allowed = dict(capabilities(SipSettings()))["Allow"].split(", ")
    assert {
        "INVITE",
        "ACK",
        "CANCEL",
        "BYE",
        "PRACK",
        "UPDATE",
        "INFO",
        "OPTIONS",
        "REFER",
        "SUBSCRIBE",
        "NOTIFY",
        "MESSAGE",
    } <= set(allowed)


def test_it_is_said_that_no_info_package_is_taken() -> None:
    assert dict(capabilities(SipSettings()))["Recv-Info"] == ""
