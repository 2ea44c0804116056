"""Lexical pieces of headers."""

from __future__ import annotations

import pytest

from offhook.sip import grammar
from offhook.sip.errors import LocalProtocolError, RemoteProtocolError


def test_commas_in_quotes_and_brackets_do_not_split() -> None:
    text = '"a,\\",b" <sip:x,y>;p="1,2", <sip:z> , , t'
    assert grammar.split_list(text) == ['"a,\\",b" <sip:x,y>;p="1,2"', "<sip:z>", "t"]


@pytest.mark.parametrize("text", ['a, "b', "a, <b", '"\\'])
def test_what_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        grammar.split_list(text + ",")


def test_parameters_keep_order_first_value_and_lose_quotes() -> None:
    parameters = grammar.parse_parameters(' ; A=1;b ; c = "x;\\"y" ;; a=2')
    assert list(parameters.items()) == [("a", "1"), ("b", None), ("c", 'x;"y')]
    assert grammar.format_parameters(parameters) == ';a=1;b;c="x;\\"y"'
    assert grammar.format_parameters({"empty": ""}) == ';empty=""'


@pytest.mark.parametrize("text", ["x;a=1", ";=1", ';a="1'])
def test_parameters_without_sense_are_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        grammar.parse_parameters(text)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "256", "\u0663", "9" * 5000])
def test_a_number_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        grammar.decimal(text, "it", 255)


def test_a_number_may_have_leading_zeros_and_space_around() -> None:
    assert grammar.decimal(" 0068 ", "it", 255) == 68


def test_text_for_people_holds_nothing_that_a_table_cannot() -> None:
    assert grammar.presentable("Zoë 電話") == "Zoë 電話"
    assert grammar.presentable("a\0b\x1b\udc80") == "a\ufffdb\ufffd\ufffd"


def test_a_line_of_ours_is_one_line() -> None:
    assert grammar.one_line("fine") == "fine"
    with pytest.raises(LocalProtocolError):
        grammar.one_line("a\r\nb")


def test_a_nul_stands_behind_a_backslash_or_nowhere() -> None:
    assert grammar.one_line('"a\\\0"') == '"a\\\0"'
    assert grammar.bare_nul("a\0b")
    assert not grammar.bare_nul("a\\\0b")
    for text in ("a\0b", "a\rb", "a\nb"):
        with pytest.raises(LocalProtocolError):
            grammar.one_line(text)
