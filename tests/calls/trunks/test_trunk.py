from __future__ import annotations

import pytest

from offhook.calls.trunks.trunk import Gateway, Trunk, TrunkKey


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("tel:+49", "must read like"),
        ("sip:user@host", "without a user"),
        ("sip:", "SIP URI"),
        ("sip:host;transport=sctp", "transport"),
        ("host", "SIP URI|must read like"),
    ],
)
def test_a_gateway_that_cannot_be_reached_as_written_is_refused_with_a_sentence(uri: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Gateway(uri=uri)


def test_a_gateway_knows_its_host_without_brackets() -> None:
    assert Gateway(uri="sip:[2001:db8::1]:5070;transport=tcp").host == "2001:db8::1"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": " "}, "needs a name"),
        ({"codecs": ("G729",)}, "codec 'G729'"),
        ({"max_calls": -1}, "limit"),
        ({"response_timeout": 0.0}, "response time-out"),
        ({"gateways": tuple(Gateway(uri=f"sip:g{n}") for n in range(21))}, "more than 20"),
    ],
)
def test_a_trunk_that_makes_no_sense_is_refused_with_a_sentence(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Trunk(**{"key": TrunkKey("T"), "name": "carrier", **values})  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [{"priority": -1}, {"weight": 65_536}])
def test_priority_and_weight_have_the_range_of_srv_records(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="0 to 65535"):
        Gateway(uri="sip:h", **values)  # type: ignore[arg-type]


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(Trunk(key=TrunkKey("T"), name="carrier", password="s3cret"))
