"""Who calls and on whose behalf."""

from __future__ import annotations

import pytest

from offhook.sip.identity import (
    MAX_VALUES,
    Diversion,
    HistoryEntry,
    RemoteParty,
    asserted,
    diversions,
    forwarded_from,
    hides_caller,
    history,
    preferred,
    presented,
    privacy,
)
from offhook.sip.message import Request

FROM = '"From Name" <sip:+1555@phone.test>;tag=1'


def said(*headers: tuple[str, str]) -> Request:
    return Request.build("INVITE", "sip:a@b", [("From", FROM), *headers])


def shown(*headers: tuple[str, str], believed: bool = True) -> tuple[str, str]:
    request = said(*headers)
    caller = presented(request, request.from_, believed=believed)
    return caller.uri.number, caller.name


@pytest.mark.parametrize(
    ("value", "wishes", "hides"),
    [
        ("none", {"none"}, False),
        ("id", {"id"}, True),
        (" Header ; user;critical", {"header", "user", "critical"}, True),
        ("session", {"session"}, False),
        ("history", {"history"}, False),
        ("id, none", {"id", "none"}, True),
        (";;", set(), False),
    ],
)
def test_what_a_caller_wants_to_hide(value: str, wishes: set[str], hides: bool) -> None:
    message = said(("Privacy", value))
    assert (privacy(message), hides_caller(message)) == (wishes, hides)


def test_asserted_and_preferred_identities_are_at_most_one_of_each_scheme() -> None:
    values = '"A" <sip:a@b>, <tel:+14155550100>, <sip:c@d>, nonsense<, <http://x>'
    message = said(("P-Asserted-Identity", values), ("P-Preferred-Identity", "<tel:+1>"))
    assert [str(one.uri) for one in asserted(message)] == ["sip:a@b", "tel:+14155550100"]
    assert [one.uri.number for one in preferred(message)] == ["+1"]
    assert asserted(said()) == []


def test_the_caller_is_who_the_network_says_if_the_sender_is_believed() -> None:
    identity = ("P-Asserted-Identity", '"Network" <tel:+1-415-555-0100>')
    assert shown(identity) == ("+14155550100", "Network")
    assert shown(identity, believed=False) == ("+1555", "From Name")
    assert shown(("P-Asserted-Identity", "<sip:+1777@net.test>")) == ("+1777", "From Name")
    assert shown(("P-Asserted-Identity", "nonsense<")) == ("+1555", "From Name")


def test_a_gateway_of_old_says_it_by_remote_party_id() -> None:
    party = '"Old" <sip:+1888@gw.test>;party=calling;screen=yes;privacy=off'
    assert shown(("Remote-Party-ID", party)) == ("+1888", "Old")
    assert shown(("Remote-Party-ID", party), believed=False) == ("+1555", "From Name")
    assert shown(("Remote-Party-ID", party), ("P-Asserted-Identity", "<tel:+1>")) == ("+1", "From Name")
    assert shown(("Remote-Party-ID", party.replace("off", "full")))[0] == "anonymous"
    called = "<sip:x@y>;party=called"
    assert RemoteParty.of(said(("Remote-Party-ID", called))) is None
    found = RemoteParty.of(said(("Remote-Party-ID", f"{called}, {party}")))
    assert found is not None
    assert (found.screened, found.private) == (True, False)


def test_who_wants_to_be_hidden_is_hidden_from_everybody() -> None:
    for believed in (True, False):
        hidden = shown(("Privacy", "id"), ("P-Asserted-Identity", "<tel:+1>"), believed=believed)
        assert hidden == ("anonymous", "")


def test_a_diversion_reads_with_its_parameters() -> None:
    one, other = diversions(
        said(("Diversion", '"Boss" <sip:+1@b>;reason=User-Busy;counter=2;privacy=full, <tel:+2>;counter=x'))
    )
    assert one == Diversion(address=one.address, reason="user-busy", counter=2, private=True)
    assert (other.address.uri.number, other.reason, other.counter, other.private) == ("+2", "unknown", 1, False)


def test_history_is_in_the_order_of_its_indices() -> None:
    entries = history(
        said(
            ("History-Info", "<sip:c@d;cause=486?Privacy=history>;index=1.2;mp=1, <sip:a@b>;index=1"),
            ("History-Info", "<sip:e@f;cause=302>;index=1.10, <sip:no@index>, <sip:g@h>;index=x.1"),
        )
    )
    assert [entry.index for entry in entries] == [(1,), (1, 2), (1, 10)]
    assert [entry.cause for entry in entries] == [None, 486, 302]
    assert [entry.private for entry in entries] == [False, True, False]
    assert entries[1] == HistoryEntry(uri=entries[1].uri, index=(1, 2), cause=486, private=True)


@pytest.mark.parametrize(
    ("headers", "number"),
    [
        ([], None),
        ([("Diversion", "<sip:+1@b>;reason=no-answer, <sip:+2@b>")], "+1"),
        ([("Diversion", "<sip:+1@b>;privacy=full")], None),
        ([("Diversion", "<sip:b>")], None),
        ([("Diversion", "nonsense<")], None),
        ([("History-Info", "<sip:+1@b>;index=1, <sip:+2@b;cause=302>;index=1.1")], "+1"),
        ([("History-Info", "<sip:+1@b>;index=1, <sip:+2@b>;index=1.1")], None),
        ([("History-Info", "<sip:+1@b>;index=1")], None),
        ([("History-Info", "<sip:+1@b?Privacy=history>;index=1, <sip:+2@b;cause=302>;index=1.1")], None),
        ([("Diversion", "<tel:+3>"), ("History-Info", "<sip:+1@b>;index=1, <sip:+2@b;cause=302>;index=1.1")], "+3"),
    ],
)
def test_who_forwarded_the_call_last(headers: list[tuple[str, str]], number: str | None) -> None:
    assert forwarded_from(said(*headers)) == number


def test_a_call_that_goes_in_circles_is_not_read_for_ever() -> None:
    assert len(diversions(said(("Diversion", ", ".join(["<tel:+1>"] * 1000))))) == MAX_VALUES


def test_a_client_that_proved_itself_is_shown_as_it_prefers() -> None:
    request = said(("P-Preferred-Identity", '"Sales" <sip:sales@pbx.test>'), ("P-Asserted-Identity", "<tel:+1>"))
    shown_as = [presented(request, request.from_, believed=False, proved=proved).name for proved in (True, False)]
    assert shown_as == ["Sales", "From Name"]
