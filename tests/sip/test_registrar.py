"""The location table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request
from offhook.sip.registrar import Binding, FirstHopLacksOutbound, IntervalTooBrief, Registrar, RegistrarLimits

NAT = Flow(Transport.UDP, "203.0.113.5", 40_000)
ALICE = "alice@voice.example"


def register(
    *contacts: str,
    expires: int | None = None,
    call_id: str = "r1",
    cseq: int = 1,
    agent: str = "Phone/1",
    more: tuple[tuple[str, str], ...] = (),
) -> Request:
    headers: list[tuple[str, object]] = [
        ("Via", "SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1"),
        *more,
        ("From", f"<sip:{ALICE}>;tag=1"),
        ("To", f"<sip:{ALICE}>"),
        ("Call-ID", call_id),
        ("CSeq", f"{cseq} REGISTER"),
        ("User-Agent", agent),
    ]
    headers += [("Contact", contact) for contact in contacts]
    if expires is not None:
        headers.append(("Expires", expires))
    return Request.build("REGISTER", "sip:voice.example", headers)


def targets(bindings: list[Binding]) -> list[str]:
    return [str(binding.target) for binding in bindings]


def test_a_client_behind_a_nat_is_reached_where_it_came_from() -> None:
    table = Registrar()
    (binding,) = table.register(ALICE, register('"A" <sip:alice@10.0.0.2:5060;ob>;reg-id=1', expires=600), NAT, 100.0)
    assert str(binding.target) == "sip:alice@10.0.0.2:5060;ob"
    assert binding.flow == NAT
    assert binding.user_agent == "Phone/1"
    assert binding.contact_value(130.0) == '"A" <sip:alice@10.0.0.2:5060;ob>;reg-id=1;expires=570'
    assert table.lookup(ALICE, 130.0) == [binding]
    assert table.lookup("bob@voice.example", 130.0) == []


def test_what_is_bound_to_a_connection_goes_with_it() -> None:
    table = Registrar()
    one, two = (Flow(Transport.TLS, "203.0.113.5", 40_000, number) for number in (1, 2))
    table.register(ALICE, register("<sip:a@x1.invalid;transport=ws>", expires=600), one, 0.0)
    table.register(ALICE, register("<sip:a@x2.invalid;transport=ws>", expires=600, call_id="r2"), two, 0.0)
    table.register("bob", register("<sip:b@x3.invalid>", expires=600), one, 0.0)
    table.forget(one)
    assert targets(table.lookup(ALICE, 1.0)) == ["sip:a@x2.invalid;transport=ws"]
    assert table.lookup("bob", 1.0) == []
    table.forget(one)
    table.register(ALICE, register("<sip:a@x2.invalid;transport=ws>", expires=0, call_id="r2", cseq=2), two, 2.0)
    assert table._by_flow == {}


def test_a_binding_that_moves_to_another_connection_outlives_the_first() -> None:
    table = Registrar()
    one, two = (Flow(Transport.WSS, "203.0.113.5", 40_000, number) for number in (1, 2))
    table.register(ALICE, register("<sip:a@x.invalid;transport=ws>", expires=600), one, 0.0)
    table.register(ALICE, register("<sip:a@x.invalid;transport=ws>", expires=600, cseq=2), two, 1.0)
    table.forget(one)
    assert [binding.flow for binding in table.lookup(ALICE, 2.0)] == [two]
    table.expire(1000.0)
    assert table._by_flow == {}


def test_several_contacts_of_one_address_stand_by_preference() -> None:
    table = Registrar()
    table.register(ALICE, register("<sip:a@10.0.0.1>;q=0.2, <sip:a@10.0.0.2>;q=0.9", expires=600), NAT, 0.0)
    table.register(ALICE, register("<sip:a@10.0.0.3>;q=nan", call_id="r2", expires=600), NAT, 1.0)
    assert targets(table.lookup(ALICE, 2.0)) == ["sip:a@10.0.0.3", "sip:a@10.0.0.2", "sip:a@10.0.0.1"]


def test_a_refresh_replaces_its_contact_and_a_query_changes_nothing() -> None:
    table = Registrar()
    table.register(ALICE, register("<sip:a@10.0.0.1>", expires=60), NAT, 0.0)
    table.register(ALICE, register("<sip:a@10.0.0.1>;expires=120", cseq=2), NAT._replace(port=41_000), 50.0)
    (binding,) = table.register(ALICE, register(cseq=3), NAT, 100.0)
    assert (binding.expires_at, binding.flow.port) == (170.0, 41_000)


def test_contacts_are_compared_as_uris() -> None:
    table = Registrar()
    table.register(ALICE, register("<sip:a@Host.example;transport=tcp>"), NAT, 0.0)
    assert len(table.register(ALICE, register("<sip:%61@HOST.example;Transport=TCP>", cseq=2), NAT, 1.0)) == 1
    assert len(table.register(ALICE, register("<sip:a@host.example>", cseq=3), NAT, 1.0)) == 2


def test_zero_removes_one_contact_and_the_wildcard_all() -> None:
    table = Registrar()
    table.register(ALICE, register("<sip:a@h1>, <sip:a@h2>, <sip:a@h3>"), NAT, 0.0)
    left = table.register(ALICE, register("<sip:a@h2>;expires=0", cseq=2), NAT, 1.0)
    assert sorted(targets(left)) == ["sip:a@h1", "sip:a@h3"]
    assert table.register(ALICE, register("*", expires=0, cseq=3), NAT, 2.0) == []
    assert table.size == 0


@pytest.mark.parametrize(
    "request_",
    [register("*"), register("*", expires=60), register("*, <sip:a@h>", expires=0), register("*", "*", expires=0)],
)
def test_a_wildcard_in_bad_company_is_refused(request_: Request) -> None:
    table = Registrar()
    table.register(ALICE, register("<sip:a@h>", call_id="other"), NAT, 0.0)
    with pytest.raises(RemoteProtocolError) as caught:
        table.register(ALICE, request_, NAT, 1.0)
    assert caught.value.status_hint == 400
    assert len(table.lookup(ALICE, 1.0)) == 1


def test_wishes_are_bounded() -> None:
    table = Registrar(RegistrarLimits(min_expires=60, max_expires=3600, default_expires=600))
    with pytest.raises(IntervalTooBrief) as caught:
        table.register(ALICE, register("<sip:a@h>", expires=59), NAT, 0.0)
    assert (caught.value.status_hint, caught.value.min_expires) == (423, 60)
    assert table.size == 0
    wishes = {
        "<sip:a@h1>;expires=60": 60.0,
        "<sip:a@h2>;expires=99999999999999": 3600.0,
        "<sip:a@h3>;expires=soon": 600.0,
    }
    for cseq, (contact, until) in enumerate(wishes.items(), start=1):
        held = table.register(ALICE, register(contact, cseq=cseq), NAT, 0.0)
        assert until in [binding.expires_at for binding in held]


def test_a_late_request_of_the_same_call_id_is_refused_and_changes_nothing() -> None:
    table = Registrar()
    table.register(ALICE, register("<sip:a@h>", cseq=5), NAT, 0.0)
    for late in (
        register("<sip:a@h>, <sip:new@h>", cseq=5),
        register("*", expires=0, cseq=4),
        register("<sip:a@h>;expires=0", cseq=4),
    ):
        with pytest.raises(RemoteProtocolError) as caught:
            table.register(ALICE, late, NAT, 1.0)
        assert caught.value.status_hint == 500
    assert targets(table.lookup(ALICE, 1.0)) == ["sip:a@h"]
    assert len(table.register(ALICE, register("<sip:a@h>;expires=0", cseq=1, call_id="rebooted"), NAT, 2.0)) == 0


def test_all_contacts_of_a_request_are_changed_or_none() -> None:
    table = Registrar()
    with pytest.raises(RemoteProtocolError):
        table.register(ALICE, register("<sip:a@h1>, <tel:+1201>"), NAT, 0.0)
    with pytest.raises(IntervalTooBrief):
        table.register(ALICE, register("<sip:a@h1>, <sip:a@h2>;expires=1"), NAT, 0.0)
    assert table.size == 0


def test_contacts_and_addresses_are_bounded() -> None:
    table = Registrar(RegistrarLimits(max_contacts=2, max_addresses=2))
    with pytest.raises(RemoteProtocolError) as caught:
        table.register(ALICE, register("<sip:a@h1>, <sip:a@h2>, <sip:a@h3>"), NAT, 0.0)
    assert caught.value.status_hint == 403
    table.register("one", register("<sip:a@h>"), NAT, 0.0)
    table.register("two", register("<sip:a@h>"), NAT, 0.0)
    with pytest.raises(RemoteProtocolError) as caught:
        table.register("three", register("<sip:a@h>"), NAT, 0.0)
    assert caught.value.status_hint == 503
    table.register("two", register("<sip:a@h>", cseq=2), NAT, 0.0)


def test_bindings_end_by_themselves() -> None:
    table = Registrar()
    assert table.deadline() is None
    table.register("one", register("<sip:a@h1>;expires=60, <sip:a@h2>;expires=120"), NAT, 0.0)
    table.register("two", register("<sip:b@h>", expires=90), NAT, 0.0)
    assert table.deadline() == 60.0
    assert table.expire(60.0) == []
    assert targets(table.lookup("one", 60.0)) == ["sip:a@h2"]
    assert table.expire(90.0) == ["two"]
    assert table.expire(1000.0) == ["one"]
    assert (table.size, table.deadline()) == (0, None)


def test_refreshing_for_ever_costs_no_memory() -> None:
    table = Registrar()
    for step in range(1, 2000):
        table.register(ALICE, register("<sip:a@h>", cseq=step), NAT, float(step))
    assert len(table._deadlines) < 100
    assert table.expire(10_000.0) == [ALICE]


@given(
    st.lists(
        st.tuples(st.sampled_from(["h1", "h2", "h3"]), st.sampled_from([0, 60, 600]), st.integers(1, 50)), max_size=30
    )
)
def test_the_table_holds_what_a_simple_model_holds(steps: list[tuple[str, int, int]]) -> None:
    table = Registrar()
    model: dict[str, float] = {}
    now = 0.0
    for cseq, (host, seconds, pause) in enumerate(steps, start=1):
        now += pause
        table.expire(now)
        table.register(ALICE, register(f"<sip:a@{host}>;expires={seconds}", cseq=cseq), NAT, now)
        if seconds:
            model[host] = now + seconds
        else:
            model.pop(host, None)
        model = {host: until for host, until in model.items() if until > now}
        assert {binding.target.host: binding.expires_at for binding in table.lookup(ALICE, now)} == model
    assert table.expire(now + 10_000) == ([ALICE] if model else [])


def test_one_contact_is_removed_and_the_others_stay() -> None:
    table = Registrar()
    first, second = table.register(ALICE, register("<sip:a@10.0.0.2>", "<sip:a@10.0.0.3>"), NAT, 0.0)
    assert table.addresses() == [ALICE]
    assert table.remove(ALICE, first)
    assert not table.remove(ALICE, first)
    assert targets(table.lookup(ALICE, 1.0)) == [str(second.target)]
    assert table.remove(ALICE, second)
    assert table.addresses() == []
    assert table.expire(10_000.0) == []


DEVICE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"'
OUTBOUND = (("Supported", "path, outbound"),)
BEHIND = (("Via", "SIP/2.0/UDP 10.9.9.9;branch=z9hG4bK0"),)


def flow(number: int, uri: str = "<sip:a@10.0.0.1>", **more: object) -> Request:
    more.setdefault("more", OUTBOUND)
    return register(f"{uri};{DEVICE};reg-id={number}", call_id=f"flow{number}", **more)  # type: ignore[arg-type]


def test_the_flows_of_a_device_stand_beside_each_other_the_newest_first() -> None:
    table = Registrar()
    table.register(ALICE, flow(1), NAT, 0.0)
    table.register(ALICE, flow(2), NAT._replace(port=2), 1.0)
    held = table.register(ALICE, register("<sip:other@10.0.0.2>", call_id="r9"), NAT, 2.0)
    assert [(binding.reg_id, binding.outbound) for binding in held] == [(0, False), (2, True), (1, True)]
    assert held[1].instance == held[2].instance
    held = table.register(ALICE, flow(1, cseq=2), NAT._replace(port=3), 3.0)
    assert [(binding.reg_id, binding.flow.port) for binding in held][:2] == [(1, 3), (0, NAT.port)]


def test_a_device_that_started_anew_replaces_its_flow_under_another_address() -> None:
    table = Registrar()
    table.register(ALICE, flow(1), NAT, 0.0)
    again = register(f"<sip:a@10.0.0.77>;{DEVICE};reg-id=1", call_id="restarted", more=OUTBOUND)
    (binding,) = table.register(ALICE, again, NAT, 1.0)
    assert str(binding.target) == "sip:a@10.0.0.77"


def test_one_flow_is_taken_back_and_the_other_stays() -> None:
    table = Registrar()
    for number in (1, 2):
        table.register(ALICE, flow(number), NAT, 0.0)
    (binding,) = table.register(ALICE, flow(1, "<sip:a@10.0.0.1>", cseq=2, expires=0), NAT, 1.0)
    assert binding.reg_id == 2


def test_a_client_that_does_not_say_outbound_has_one_binding_for_each_address() -> None:
    table = Registrar()
    for number in (1, 2):
        held = table.register(ALICE, flow(number, more=()), NAT, 0.0)
    assert [(binding.instance, binding.reg_id) for binding in held] == [("", 0)]


def test_a_proxy_that_cannot_keep_flows_is_told_so_and_one_that_can_is_on_the_path() -> None:
    table = Registrar()
    for path in ((), (("Path", "<sip:edge.test;lr>"),), (("Path", "<sip:edge.test;lr;ob>, <sip:10.9.9.9;lr>"),)):
        with pytest.raises(FirstHopLacksOutbound) as refused:
            table.register(ALICE, flow(1, more=(*BEHIND, *path, *OUTBOUND)), NAT, 0.0)
        assert refused.value.status_hint == 439
    path = (("Path", "<sip:core.test;lr>"), ("Path", "<sip:edge.test;lr;ob>"))
    (binding,) = table.register(ALICE, flow(1, more=(*BEHIND, *path, *OUTBOUND)), NAT, 0.0)
    assert binding.path == ("<sip:core.test;lr>", "<sip:edge.test;lr;ob>")


@pytest.mark.parametrize("number", ["0", "x", "99999999999"])
def test_a_flow_without_a_number_is_refused(number: str) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        Registrar().register(ALICE, register(f"<sip:a@h>;{DEVICE};reg-id={number}", more=OUTBOUND), NAT, 0.0)
    assert refused.value.status_hint == 400


def test_a_path_has_an_end() -> None:
    path = (("Path", ", ".join(["<sip:p.test;lr>"] * 11)),)
    with pytest.raises(RemoteProtocolError):
        Registrar().register(ALICE, register("<sip:a@h>", more=path), NAT, 0.0)
