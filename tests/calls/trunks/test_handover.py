from __future__ import annotations

from dataclasses import replace

import pytest

from offhook.calls.leg import ANONYMOUS, Caller
from offhook.calls.trunks.handover import handed_over
from offhook.calls.trunks.rewriting import NumberRules, rules_of
from offhook.calls.trunks.trunk import CallerHeader, Gateway, Presentation, Trunk, TrunkKey
from offhook.media.srtp import SrtpPolicy

GATEWAY = Gateway(uri="sip:gw.test:5070;transport=tcp")
TRUNK = Trunk(key=TrunkKey("T"), name="carrier", gateways=(GATEWAY,))
CALLER = Caller(user="+4989", name="Ann")


def shown(**rules: object) -> Trunk:
    return replace(TRUNK, presentation=Presentation(**rules))  # type: ignore[arg-type]


def test_number_and_caller_are_written_as_the_trunk_wants_them() -> None:
    rules = NumberRules(called=rules_of(["+ => 00"]), caller=rules_of(["+49 => 0"]))
    trunk = replace(
        TRUNK,
        outbound=rules,
        username="u",
        password="p",
        codecs=("PCMA",),
        srtp=SrtpPolicy.REQUIRED,
        response_timeout=2.0,
    )
    to = handed_over("+4312", CALLER, trunk, GATEWAY, headers=[("X-A", "1")])
    assert to.uri == "sip:004312@gw.test:5070;transport=tcp"
    assert (to.from_user, to.from_name, to.from_domain) == ("089", "Ann", "")
    assert (to.username, to.password, to.codecs, to.response_timeout) == ("u", "p", ("PCMA",), 2.0)
    assert to.srtp is SrtpPolicy.REQUIRED
    assert to.headers == (("X-A", "1"),)


@pytest.mark.parametrize(
    ("rules", "user", "domain"),
    [
        ({}, "+4989", ""),
        ({"from_user": "main"}, "main", ""),
        ({"from_domain": "gateway"}, "+4989", "gw.test"),
        ({"from_domain": "we.test"}, "+4989", "we.test"),
    ],
)
def test_from_is_the_caller_or_what_the_carrier_wants_there(rules: dict[str, str], user: str, domain: str) -> None:
    to = handed_over("1", CALLER, shown(**rules), GATEWAY)
    assert (to.from_user, to.from_domain) == (user, domain)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (CallerHeader.ASSERTED, '"Ann" <sip:+4989@we.test>'),
        (CallerHeader.PREFERRED, '"Ann" <sip:+4989@we.test>'),
        (CallerHeader.REMOTE_PARTY, '"Ann" <sip:+4989@we.test>;party=calling;screen=yes;privacy=off'),
    ],
)
def test_the_caller_stands_in_the_header_that_the_carrier_trusts(header: CallerHeader, value: str) -> None:
    to = handed_over("1", CALLER, shown(from_user="main", from_domain="we.test", caller_header=header), GATEWAY)
    assert to.headers == ((header.value, value),)


def test_a_caller_who_stays_unknown_is_asserted_to_nobody() -> None:
    to = handed_over("1", Caller(user=ANONYMOUS), shown(caller_header=CallerHeader.ASSERTED), GATEWAY)
    assert (to.from_user, to.headers) == ("anonymous", (("Privacy", "id"),))
