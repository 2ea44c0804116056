from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.api.call_forms import CreateCall, ListCalls, UpdateCall
from offhook.api.errors import BadParameter
from offhook.api.resources.applications import WriteApplication
from offhook.api.resources.clients import CreateClient
from offhook.api.resources.incoming_phone_numbers import CreateNumber
from offhook.api.wire.forms import decode, parameter, slots_of, unknown


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    name: str = parameter("A name.", missing=1, invalid=2)
    voice_url: str | None = parameter("A URL.", default=None)
    count: int = parameter("A count.", default=3, invalid=4)
    flag: bool | None = parameter("A flag.", default=None)
    colour: Colour | None = parameter("A colour.", default=None)
    since: date | None = parameter("A day.", default=None, name="StartTime>")
    events: tuple[str, ...] = parameter("Events.", default=())
    password: str | None = parameter("A secret.", default=None, secret=True, check=lambda text: int(text) and text)


def test_parameters_are_read_by_their_names_on_the_wire() -> None:
    form = decode(
        Form,
        [
            ("Name", "x"),
            ("VoiceUrl", ""),
            ("Count", " 7 "),
            ("Flag", "TRUE"),
            ("Colour", "blue"),
            ("StartTime>", "2026-01-02"),
            ("Events", "a,b"),
            ("Events", "c d"),
            ("Other", "ignored"),
        ],
    )
    assert form == Form(
        name="x",
        voice_url="",
        count=7,
        flag=True,
        colour=Colour.BLUE,
        since=date(2026, 1, 2),
        events=("a", "b", "c", "d"),
    )


def test_what_is_left_out_or_empty_takes_the_default() -> None:
    assert decode(Form, [("Name", "x"), ("Count", ""), ("Flag", " "), ("Colour", "")]) == Form(name="x")


def test_the_last_of_repeated_values_counts() -> None:
    assert decode(Form, [("Name", "x"), ("Name", "y")]).name == "y"


@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        ("Name", " ", 1, "required"),
        ("Name", "a\0b", 2, "NUL"),
        ("Count", "seven", 4, "'seven' is not a whole number"),
        ("Count", "9" * 30, 4, "whole number"),
        ("Flag", "maybe", 20001, "neither true nor false"),
        ("Colour", "green", 20001, "is not one of red, blue"),
        ("StartTime>", "yesterday", 20001, "is not a date"),
    ],
)
def test_a_wrong_value_is_named_with_its_parameter_and_code(name: str, value: str, code: int, words: str) -> None:
    with pytest.raises(BadParameter, match=words) as refused:
        decode(Form, [("Name", "x"), (name, value)])
    assert refused.value.code == code
    assert name in str(refused.value)


def test_a_secret_value_is_not_repeated_in_the_refusal() -> None:
    with pytest.raises(BadParameter) as refused:
        decode(Form, [("Name", "x"), ("Password", "hunter2")])
    assert refused.value.message.startswith("Parameter Password ")
    assert decode(CreateClient, [("Login", "a"), ("Password", "long enough")]).password == "long enough"
    with pytest.raises(BadParameter) as weak:
        decode(CreateClient, [("Login", "a"), ("Password", "aaaaaaaa")])
    assert "aaaa" not in weak.value.message


def test_moments_are_read_as_utc() -> None:
    form = decode(ListCalls, [("StartTime<", "2026-01-02T03:04:05+02:00"), ("StartTime>", "2026-01-02T03:04:05")])
    assert form.start_until == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert form.start_since == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_names_that_no_parameter_has_are_told() -> None:
    assert unknown(Form, [("Name", "x"), ("Nonsense", "1")]) == ["Nonsense"]


FORMS = (Form, CreateCall, UpdateCall, ListCalls, CreateNumber, CreateClient, WriteApplication)
NAMES = st.sampled_from(sorted({slot.name for form in FORMS for slot in slots_of(form)})) | st.text(max_size=8)
VALUES = st.text() | st.sampled_from(
    ["http://[", "http://x:99999", "sip:", "client:", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:00", "١٢"]
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=12), st.sampled_from(FORMS))
def test_no_form_makes_the_decoder_fail_otherwise_than_by_refusing(pairs: list[tuple[str, str]], form: type) -> None:
    refusals: list[BadParameter] = []
    try:
        decode(form, pairs)
    except BadParameter as refused:
        refusals.append(refused)
    assert all(each.status == 400 and each.message.startswith("Parameter ") for each in refusals)
