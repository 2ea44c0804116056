"""Header lines: order, names, values, changes."""

from __future__ import annotations

import pytest

from offhook.sip import fields
from offhook.sip.errors import LocalProtocolError, RemoteProtocolError
from offhook.sip.fields import Fields


def of(*headers: tuple[str, str]) -> Fields:
    return Fields(*fields.written(headers))


def test_names_match_in_any_case_and_compact_form() -> None:
    lines = of(("VIA", "1"), ("x-Y", "2"), ("m", "3"))
    assert (lines.get("v"), lines.get("X-y"), lines.get("CONTACT")) == ("1", "2", "3")
    assert lines.names() == ["via", "x-y", "contact"]
    assert "M" in lines
    assert "Route" not in lines


def test_values_come_line_by_line_or_split_at_commas() -> None:
    lines = of(("Route", '<sip:a>, "B, C" <sip:b,c>'), ("Allow", "X"), ("Route", "<sip:d>,"))
    assert lines.lines("Route") == ['<sip:a>, "B, C" <sip:b,c>', "<sip:d>,"]
    assert lines.values("Route") == ["<sip:a>", '"B, C" <sip:b,c>', "<sip:d>"]
    assert lines.values("Nothing") == []


def test_changes_keep_the_order_of_everything_else() -> None:
    lines = of(("A", "1"), ("B", "2"), ("A", "3"))
    lines.replace_first("a", "9")
    lines.prepend("Z", "0")
    lines.add("C", 4)
    assert lines.items() == [("Z", "0"), ("a", "9"), ("B", "2"), ("A", "3"), ("C", "4")]
    lines.remove("A")
    assert lines.items() == [("Z", "0"), ("B", "2"), ("C", "4")]
    lines.replace_first("New", "5")
    assert lines.items()[-1] == ("New", "5")


def test_a_fold_reads_as_one_space() -> None:
    raw = ["Subject: one  ", "\t two", "  three", "To: x"]
    keys = fields.index_lines(raw)
    lines = Fields(keys, raw)
    assert lines.get("subject") == "one two three"
    assert raw[0] == "Subject: one  \r\n\t two\r\n  three"
    assert keys == ["subject", "to"]


def test_extension_headers_are_fit_to_be_shown() -> None:
    assert of(("X-A", "b\x07\udcff"), ("x-a", "second"), ("Y-A", "no")).extension_headers() == {"X-A": "b\ufffd\ufffd"}


def test_a_name_that_is_no_token_is_refused() -> None:
    with pytest.raises(LocalProtocolError):
        of(("a b", "1"))
    with pytest.raises(RemoteProtocolError):
        fields.index_lines(["a b: 1"])
