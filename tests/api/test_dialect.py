from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.api.dialect import Format, preferred
from tests.support.api_node import RESTCOMM, ApiNode, make_call


@pytest.mark.parametrize("path", ["/Calls.json/{sid}", "/Calls/{sid}.json", "/Calls/{sid}.JSON"])
def test_json_behind_any_segment_gives_json(node: ApiNode, path: str) -> None:
    sid = make_call(node)
    answer = node.ask("GET", RESTCOMM + path.format(sid=sid))
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["uri"] == f"{RESTCOMM}/Calls/{sid}.json"


def test_accept_gives_json_and_a_suffix_weighs_more(node: ApiNode) -> None:
    sid = make_call(node)
    json = {"Accept": "application/json"}
    assert node.ask("GET", f"{RESTCOMM}/Calls/{sid}", headers=json).json()["sid"] == sid
    assert node.ask("GET", f"{RESTCOMM}/Calls/{sid}.xml", headers=json).text.startswith("<?xml")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", None),
        ("*/*", None),
        ("application/json", Format.JSON),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", Format.XML),
        ("application/xml;q=0.5, application/json;q=0.6", Format.JSON),
        ("application/json;q=0, text/xml", Format.XML),
        ("application/json;q=many", None),
    ],
)
def test_accept_names_a_format_by_weight(accept: str, expected: Format | None) -> None:
    assert preferred(accept) is expected


@given(st.text())
def test_no_accept_field_makes_a_failure(accept: str) -> None:
    assert preferred(accept) in (None, Format.JSON, Format.XML)
