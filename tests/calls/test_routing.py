from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.allowance import Allowances
from offhook.calls.dialing import ClientTarget, DialTarget, NumberTarget, SipTarget
from offhook.calls.errors import Unroutable
from offhook.calls.routing import Caller, Routing, caller_of, shown, split_headers, target_of
from offhook.calls.script import Application
from offhook.calls.settings import CallSettings
from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.rewriting import NumberRules, rules_of
from offhook.calls.trunks.trunk import Recognition, Trunk, TrunkKey
from offhook.vocabulary.sids import AccountSid
from tests.calls.twins import world
from tests.support.virtual_loop import run, settle, until


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


def test_a_number_is_dialled_in_any_way_that_its_region_writes_it() -> None:
    async def main() -> None:
        async with world(CallSettings(region="DE")) as w:
            w.directory.numbers["49891234567"] = w.directory.numbers["1000"]
            for dialled in ("+49891234567", "0891234567", "004989 1234567", "1000"):
                leg = w.call_in(dialled)
                await until(lambda leg=leg: "200" in leg.said)
                leg.ends()

    run(main())


def test_what_is_called_leaves_in_international_form_if_it_may_be_called() -> None:
    async def main() -> None:
        settings = CallSettings(region="DE", destinations=("DE", "!premium"))
        async with world(settings) as w:
            w.exchange.leads_to("carrier.test")
            routing = Routing(w.directory, w.exchange, settings)
            account = AccountSid("AC1")
            order = {"account_sid": account, "allowance": await Allowances(w.directory, settings).of(account)}
            rung = await routing.outgoing(NumberTarget(number="089 123 4567?A=1"), Caller(user="x"), **order)
            assert "+49891234567" in rung[0].uri
            for number in ("0900 1123456", "+18765550123", "1234"):
                with pytest.raises(Unroutable, match="not allowed") as refused:
                    await routing.outgoing(NumberTarget(number=number), Caller(user="x"), **order)
                assert (refused.value.sip_code, refused.value.code) == (403, 21215)

    run(main())


def test_a_star_code_is_for_clients_that_have_no_application_of_their_own() -> None:
    async def main() -> None:
        async with world(CallSettings(star_codes=("*72=https://app.test/forward",))) as w:
            bob = w.directory.clients["bob"]
            own = replace(bob, application=Application(url="https://app.test/own"))
            for client, url in ((bob, "https://app.test/forward"), (own, "https://app.test/own")):
                leg = w.call_in("*72+4989", client=client)
                await until(lambda leg=leg: "200" in leg.said)
                call = w.script.calls[-1]
                assert (call.application.url, call.facts.to, call.facts.account_sid) == (url, "*72+4989", "AC1")
                leg.ends()
            stranger = w.call_in("*72")
            await until(lambda: stranger.ended)
            assert stranger.said == ["404"]

    run(main())


def carrier(name: str = "carrier", owner: str | None = "AC1") -> Trunk:
    return Trunk(
        key=TrunkKey(name),
        name=name,
        account_sid=None if owner is None else AccountSid(owner),
        inbound=NumberRules(called=rules_of(["0049 => +49"]), caller=rules_of(["^0([1-9]) => +49\\1"])),
    )


def test_a_call_by_a_trunk_reaches_the_numbers_of_its_account_after_its_rules() -> None:
    async def main() -> None:
        async with world(CallSettings(strangers=False)) as w:
            w.directory.numbers["498912"] = w.directory.numbers.pop("1000")
            legs = [
                w.call_in("00498912", sender="030123", trunks=(carrier("other", "AC2"), carrier())),
                w.call_in("00498912", trunks=(carrier("node", None),)),
                w.call_in("user-of-us", alias="00498912", trunks=(carrier(),)),
            ]
            await settle()
            facts = sorted((call.facts.from_, call.facts.to, call.facts.trunk_sid) for call in w.script.calls)
            assert facts == [
                ("+1555", "+498912", "carrier"),
                ("+1555", "+498912", "node"),
                ("+4930123", "+498912", "carrier"),
            ]
            for leg in legs:
                leg.ends()

    run(main())


@pytest.mark.parametrize(("strangers", "refused"), [(False, True), (True, False)])
def test_a_number_of_another_account_is_reached_by_a_trunk_only_where_anybody_reaches_it(
    strangers: bool, refused: bool
) -> None:
    async def main() -> None:
        async with world(CallSettings(strangers=strangers)) as w:
            leg = w.call_in("1000", trunks=(carrier("other", "AC2"),))
            await settle()
            assert ("404" in leg.said) == refused
            leg.ends()

    run(main())


def proving(owner: str | None, **more: object) -> Trunk:
    recognition = Recognition(username="them", password="s3cret", **more)  # type: ignore[arg-type]
    account = None if owner is None else AccountSid(owner)
    return Trunk(key=TrunkKey("P"), name="proving", account_sid=account, recognition=recognition)


@pytest.mark.parametrize(
    ("trunk", "called", "asked"),
    [
        (proving("AC1"), "1000", True),
        (proving(None), "1000", True),
        (proving("AC2"), "1000", False),
        (proving("AC1", networks=("192.0.2.0/24",)), "1000", False),
        (proving("AC1"), "alice", False),
        (proving("AC2"), "00498912", True),
    ],
)
def test_a_stranger_is_asked_for_the_password_of_a_trunk_whose_call_it_may_be_and_where_he_reaches_nothing(
    trunk: Trunk, called: str, asked: bool
) -> None:
    async def main() -> None:
        async with world() as w:
            w.exchange.trunks.replace(TrunkBook.of([trunk]))
            said: list[str] = []
            leg = w.call_in(called, challenge=lambda: said.append("challenge"))
            await settle()
            assert (said == ["challenge"], "404" in leg.said) == (asked, False)
            assert bool(w.script.calls) != asked
            leg.ends()

    run(main())


def test_a_stranger_is_asked_for_nothing_while_the_directory_does_not_answer() -> None:
    async def main() -> None:
        async with world() as w:
            w.directory.delay = 60
            leg = w.call_in("1000", challenge=lambda: pytest.fail("asked"))
            await until(lambda: leg.ended)
            assert leg.said == ["503"]

    run(main())


def test_of_two_trunks_with_one_address_the_one_that_has_a_free_channel_carries_the_call() -> None:
    async def main() -> None:
        async with world() as w:
            w.directory.numbers["498912"] = w.directory.numbers.pop("1000")
            both = (carrier("first"), carrier("second"))
            full: set[str] = {"first"}
            occupy = lambda trunk: "it is full" if trunk.name in full else ""  # noqa: E731
            leg = w.call_in("00498912", trunks=both, occupy=occupy)
            await settle()
            assert w.script.calls[0].facts.trunk_sid == "second"
            full.add("second")
            other = w.call_in("00498912", trunks=both, occupy=occupy)
            await until(lambda: other.ended)
            assert other.said == ["480"]
            leg.ends()

    run(main())
