from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.dialing import ClientTarget, DialTarget, NumberTarget, SipTarget
from offhook.calls.routing import Caller, caller_of, shown, split_headers, target_of
from tests.calls.twins import world
from tests.support.virtual_loop import run, settle


@pytest.mark.parametrize(
    ("text", "target", "reads"),
    [
        ("+14155550100", NumberTarget(number="+14155550100"), "+14155550100"),
        (" 1000?A=1 ", NumberTarget(number="1000?A=1"), "1000"),
        ("client:alice", ClientTarget(login="alice"), "client:alice"),
        ("client:a@b", ClientTarget(login="a@b"), "client:a@b"),
        (
            "sip:bob@host;transport=tcp?X=1",
            SipTarget(uri="sip:bob@host;transport=tcp?X=1"),
            "sip:bob@host;transport=tcp",
        ),
        ("bob@host", SipTarget(uri="bob@host"), "bob@host"),
        ("1000?mail=a@b", NumberTarget(number="1000?mail=a@b"), "1000"),
    ],
)
def test_what_an_order_is_to(text: str, target: DialTarget, reads: str) -> None:
    assert target_of(text) == target
    assert shown(target) == reads


@pytest.mark.parametrize(
    ("text", "caller"),
    [
        ("+1555", Caller(user="+1555")),
        ("client:alice", Caller(user="alice")),
        ("sip:bob@host:5070;transport=tcp", Caller(user="bob", domain="host")),
        ("", Caller(user="anonymous")),
        ("sip:@host", Caller(user="anonymous", domain="host")),
    ],
)
def test_as_whom_somebody_is_rung(text: str, caller: Caller) -> None:
    assert caller_of(text) == caller


def test_a_header_without_the_mark_gets_it() -> None:
    assert split_headers("1000?A=1&X-B=2&x-c=%203") == ("1000", (("X-A", "1"), ("X-B", "2"), ("x-c", " 3")))


@given(st.text())
def test_headers_behind_a_target_can_never_break_a_line(suffix: str) -> None:
    _, headers = split_headers(f"1000?{suffix}")
    for name, value in headers:
        assert name[:2].upper() == "X-"
        assert name.replace("-", "").isalnum()
        assert name.isascii()
        assert value.isprintable()


def test_the_document_of_a_dialled_client_is_escaped() -> None:
    async def main() -> None:
        async with world() as w:
            w.directory.clients["<&>"] = w.directory.clients["alice"].__class__(
                account_sid=w.directory.clients["alice"].account_sid,
                client_sid=w.directory.clients["alice"].client_sid,
                login="<&>",
                domain="pbx.test",
            )
            leg = w.call_in("<&>")
            await settle()
            assert "<Client>&lt;&amp;&gt;</Client>" in (w.script.calls[0].application.document or "")
            leg.ends()

    run(main())
