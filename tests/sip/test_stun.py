"""The STUN codec, by the test vectors of RFC 5769 (the addresses; their keys are not ours)."""

from __future__ import annotations

import pytest

from offhook.sip import stun
from offhook.sip.flow import HostPort

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
HEAD = "2112a442 b7e7a701 bc34d686 fa87dfae"
SUCCESS_4 = bytes.fromhex(f"0101 000c {HEAD} 0020 0008 0001 a147 e112 a643")
SUCCESS_6 = bytes.fromhex(f"0101 0018 {HEAD} 0020 0014 0002 a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9")


@pytest.mark.parametrize(
    ("response", "address"),
    [(SUCCESS_4, HostPort("192.0.2.1", 32853)), (SUCCESS_6, HostPort("2001:db8:1234:5678:11:2233:4455:6677", 32853))],
)
def test_the_vectors_of_rfc_5769_are_read_and_written(response: bytes, address: HostPort) -> None:
    assert stun.mapped_address(response, TRANSACTION) == address
    assert stun.answer(stun.binding_request(TRANSACTION), address) == response


def test_a_plain_mapped_address_of_old_servers_is_read() -> None:
    plain = bytes.fromhex(f"0101 000c {HEAD} 0001 0008 0001 1f90 c0000201")
    assert stun.mapped_address(plain, TRANSACTION) == HostPort("192.0.2.1", 8080)


@pytest.mark.parametrize(
    "response",
    [
        SUCCESS_4[:-1],
        SUCCESS_4[:20],
        SUCCESS_4.replace(b"\x01\x01", b"\x01\x11", 1),
        bytes.fromhex(f"0101 000c {HEAD} 0020 0008 0003 a147 e112 a643"),
        bytes.fromhex(f"0101 000c {HEAD} 0020 0018 0001 a147 e112 a643"),
        b"SIP/2.0 200 OK\r\n\r\n      ",
        b"",
    ],
)
def test_what_is_no_answer_is_none(response: bytes) -> None:
    assert stun.mapped_address(response, TRANSACTION) is None


def test_the_answer_to_another_question_is_none() -> None:
    assert stun.mapped_address(SUCCESS_4, bytes(12)) is None


def test_attributes_that_must_be_understood_are_named_in_an_error() -> None:
    request = bytes.fromhex(f"0001 0010 {HEAD} 0024 0004 6e0001ff 8022 0002 61620000")
    refused = stun.answer(request, HostPort("192.0.2.1", 5060))
    assert refused is not None
    assert refused[:2] == b"\x01\x11"
    assert b"\x00\x00\x04\x14" in refused
    assert refused.endswith(b"\x00\x0a\x00\x02\x00\x24\x00\x00")


@pytest.mark.parametrize(
    "data", [SUCCESS_4, bytes.fromhex(f"0001 0004 {HEAD}"), bytes.fromhex(f"0001 0004 {HEAD} 80220010"), b"\r\n\r\n"]
)
def test_what_is_no_request_is_not_answered(data: bytes) -> None:
    assert stun.answer(data, HostPort("192.0.2.1", 5060)) is None


def test_sip_and_stun_are_told_apart() -> None:
    assert stun.is_stun(stun.binding_request(TRANSACTION))
    assert not stun.is_stun(b"OPTIONS sip:a SIP/2.0\r\n\r\n")
    assert not stun.is_stun(b"\0\1\0\0")


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("stun.example", ("stun.example", 3478)),
        ("stun.example:19302", ("stun.example", 19302)),
        ("2001:db8::1", ("2001:db8::1", 3478)),
        ("[2001:db8::1]:5000", ("2001:db8::1", 5000)),
        ("[2001:db8::1]", ("2001:db8::1", 3478)),
    ],
)
def test_a_server_has_a_port_or_the_usual_one(text: str, server: tuple[str, int]) -> None:
    assert stun.server(text) == server


@pytest.mark.parametrize("text", ["", ":3478", "stun.example:x", "stun.example:70000"])
def test_what_names_no_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        stun.server(text)
