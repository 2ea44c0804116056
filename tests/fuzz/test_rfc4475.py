"""The torture messages of RFC 4475: each is read, or refused with the status that the RFC allows.

The files come from outside the repository: ``OFFHOOK_RFC4475_DIR`` names their directory.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.message import Request, Response, check, parse
from offhook.sip.sdp import Sdp

WELL_FORMED = {
    # §3.1.1: valid messages
    "wsinv", "intmeth", "esc01", "escnull", "esc02", "lwsdisp", "longreq", "dblreq", "semiuri", "transports", "mpart01",
    "unreason", "noreason",
    # §3.1.2: wrong in a place that a user agent need not look at, or may overlook
    "baddate", "regbadct", "baddn",
    # §3.2 to §3.4: well formed; what they ask is a matter of transactions and applications
    "badbranch", "unksm2", "bext01", "invut", "regaut01", "bcast", "zeromf", "cparam01", "cparam02", "regescrt", "sdp01", "inv2543",
}  # fmt: skip
REFUSED = {
    "badinv01": 400, "clerr": 400, "ncl": 400, "scalar02": 400, "quotbal": 400, "ltgtruri": 400, "lwsruri": 400, "lwsstart": 400,
    "trws": 400, "escruri": 400, "badaspec": 400, "badvers": 505, "mismatch01": 400, "mismatch02": 400, "insuf": 400,
    "unkscm": 416, "novelsc": 416, "multi01": 400, "mcl01": 400,
}  # fmt: skip
DROPPED = {"bigcode", "scalarlg"}
"""Responses that make no sense: there is nobody to refuse."""


def directory() -> Path:
    where = os.environ.get("OFFHOOK_RFC4475_DIR", "")  # noqa: TID251 - the variable is the tests' own
    if where and Path(where).is_dir():
        return Path(where)
    if os.environ.get("CI") == "true":  # noqa: TID251 - as above
        pytest.fail("OFFHOOK_RFC4475_DIR does not name the directory of the torture messages")
    pytest.skip("RFC 4475 NOT TESTED: OFFHOOK_RFC4475_DIR does not name the directory of the torture messages")


def torture(name: str) -> bytes:
    return (directory() / f"{name}.dat").read_bytes()


def test_every_torture_message_has_its_verdict_here() -> None:
    names = {path.stem for path in directory().glob("*.dat")}
    assert names == WELL_FORMED | REFUSED.keys() | DROPPED


@pytest.mark.parametrize("name", sorted(WELL_FORMED))
def test_a_well_formed_message_is_read_and_survives_a_round_trip(name: str) -> None:
    message = parse(torture(name))
    check(message)
    again = parse(bytes(message))
    check(again)
    assert [line for line in again.items() if line[0].lower() not in ("content-length", "l")] == [
        line for line in message.items() if line[0].lower().rstrip() not in ("content-length", "l")
    ]
    assert (again.body, again.start_line()) == (message.body, message.start_line())


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_broken_request_is_refused_with_a_response(name: str) -> None:
    request = parse(torture(name))
    assert isinstance(request, Request)
    with pytest.raises(RemoteProtocolError) as caught:
        check(request)
    assert caught.value.status_hint == REFUSED[name]
    response = parse(bytes(request.response(caught.value.status_hint)))
    assert isinstance(response, Response)
    assert response.lines("Via") == request.lines("Via")


@pytest.mark.parametrize("name", sorted(DROPPED))
def test_a_response_without_sense_is_dropped(name: str) -> None:
    with pytest.raises(RemoteProtocolError):
        check(parse(torture(name)))


def request(name: str) -> Request:
    message = parse(torture(name))
    assert isinstance(message, Request)
    return message


def test_the_tortuous_invite_says_what_it_says() -> None:
    invite = request("wsinv")
    assert (invite.to_tag, invite.from_tag, invite.cseq.number, invite.max_forwards) == (
        "1918181833n",
        "98asjd8",
        9,
        68,
    )
    assert invite.from_.display_name == 'J Rosenberg \\"'
    assert [(via.transport, via.host) for via in invite.vias] == [
        ("UDP", "192.0.2.2"),
        ("TCP", "spindle.example.com"),
        ("UDP", "192.168.255.111"),
    ]
    assert invite.contact is not None
    assert invite.contact.display_name == 'Quoted string ""'
    assert invite.contact.parameters["newparam"] == "newvalue"
    assert invite.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert invite.get("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    assert len(invite.routes) == 1
    assert Sdp.parse(invite.sdp or b"").media[0].port == 49217


def test_escapes_are_undone_once_and_nul_is_told_apart() -> None:
    assert request("esc01").target.user == "sips:user@example.com"
    nul = request("escnull")
    assert nul.to.uri.user == "null-\0-null"
    assert {contact.uri.user for contact in nul.contacts} == {"\0", "\0\0"}
    assert request("esc02").method == "RE%47IST%45R"


def test_the_wide_range_of_characters_is_read() -> None:
    odd = request("intmeth")
    assert odd.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert odd.target.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert "BEL:" in odd.to.display_name


def test_the_second_request_of_a_datagram_is_ignored() -> None:
    assert request("dblreq").body == b""
    assert request("dblreq").method == "REGISTER"


def test_parameters_belong_to_the_header_without_brackets_and_to_the_uri_with_them() -> None:
    bare = request("cparam01").contacts[0]
    assert (dict(bare.parameters), dict(bare.uri.parameters)) == ({"unknownparam": None}, {})
    bracketed = request("cparam02").contacts[0]
    assert (dict(bracketed.parameters), dict(bracketed.uri.parameters)) == ({}, {"unknownparam": None})


def test_a_contact_with_headers_outside_brackets_is_refused_when_it_is_read() -> None:
    with pytest.raises(RemoteProtocolError):
        _ = request("regbadct").contacts


def test_a_binary_body_arrives_whole() -> None:
    assert b"\x00" in request("mpart01").body
    assert len(request("mpart01").body) == int(request("mpart01").get("content-length") or 0) > 500


def test_an_offer_hidden_behind_unknown_types_is_no_offer() -> None:
    assert request("invut").sdp is None
