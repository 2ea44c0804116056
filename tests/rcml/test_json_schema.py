"""The JSON Schema knows the same documents as calls do."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from offhook.rcml.json_schema import json_schema
from offhook.rcml.verbs import VOCABULARY
from tests.support.rcml_documents import around, places, right, wrong

SCHEMA = json_schema(VOCABULARY)
VALIDATOR = Draft202012Validator(SCHEMA)
PLACES = [pytest.param(element, attribute, id=f"{element.name}-{attribute.name}") for element, attribute in places()]


def document(element, attributes):
    made = {"element": element.name, **attributes}
    for name in reversed(around(element)):
        made = {"element": name, "nested": [made]}
    return {"verbs": [made]}


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(("element", "attribute"), PLACES)
def test_right_values_are_valid_and_wrong_ones_are_not(element, attribute):
    needed = {each.name: right(each) for each in element.required}
    assert VALIDATOR.is_valid(document(element, needed | {attribute.name: right(attribute)}))
    if (value := wrong(attribute)) is not None:
        assert not VALIDATOR.is_valid(document(element, needed | {attribute.name: value}))


@pytest.mark.parametrize(
    "verbs",
    [
        [{"element": "Number"}],
        [{"element": "Say", "lop": 2}],
        [{"element": "Say", "nested": []}],
        [{"element": "Gather", "nested": [{"element": "Dial"}]}],
        [{}],
    ],
)
def test_unknown_elements_attributes_and_nestings_are_not_valid(verbs):
    assert not VALIDATOR.is_valid({"verbs": verbs})


def test_defaults_and_explanations_are_there_for_forms():
    length = SCHEMA["$defs"]["Gather"]["properties"]["numDigits"]
    assert (length["default"], length["minimum"]) == (256, 1)
    assert length["description"]
    assert SCHEMA["$defs"]["Gather"]["properties"]["input"]["default"] == ["dtmf"]
