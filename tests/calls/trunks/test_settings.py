from __future__ import annotations

import pytest

from offhook.calls.trunks.settings import RouteSettings, TrunkSettings, configured
from offhook.calls.trunks.trunk import CallerHeader, Gateway
from offhook.sip.settings import Gateway as SimpleGateway


def test_a_trunk_of_the_file_becomes_a_trunk_of_the_node() -> None:
    given = TrunkSettings(
        name="carrier",
        gateways=("sip:a;transport=tcp priority=5 weight=7", "sip:b"),
        caller_header="p-asserted-identity",
        outbound_called=("+ => 00",),
        options_interval=0.0,
    )
    trunk = given.trunk()
    assert (trunk.key, trunk.account_sid) == ("config:carrier", None)
    assert trunk.gateways == (Gateway(uri="sip:a;transport=tcp", priority=5, weight=7), Gateway(uri="sip:b"))
    assert trunk.presentation.caller_header is CallerHeader.ASSERTED
    assert trunk.outbound.called[0].rewrite("+49") == "0049"
    assert trunk.probing.interval == 0


def test_the_single_gateway_is_the_short_form_of_a_trunk() -> None:
    book = configured((), (), SimpleGateway(uri="sip:gw", username="u", password="p"))
    (trunk,) = book.choice("+49", ())
    assert (trunk.name, trunk.gateways, trunk.username) == ("gateway", (Gateway(uri="sip:gw"),), "u")


def test_routes_name_trunks() -> None:
    trunks = [TrunkSettings(name="a"), TrunkSettings(name="b")]
    book = configured(trunks, [RouteSettings(trunks=("b", "a"))], None)
    assert [trunk.name for trunk in book.choice("1", ())] == ["b", "a"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"gateways": ("sip:a cost=1",)}, "priority=10 or weight=10"),
        ({"caller_header": "X-Caller"}, "none of"),
        ({"outbound_caller": ("+49",)}, "PATTERN"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TrunkSettings(**{"name": "carrier", **values})  # type: ignore[arg-type]
