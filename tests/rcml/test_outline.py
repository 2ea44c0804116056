"""Every element with its place, and all wrong values at once."""

from __future__ import annotations

import pytest

from offhook.rcml.errors import DocumentError
from offhook.rcml.outline import outline
from offhook.rcml.verbs import VOCABULARY
from offhook.rcml.verbs.say import Say

DOCUMENT = """<Response>
  <Say loop="2">Hello</Say>
  <Gather timeout="soon" numDigits="0">
    <Say loop="-1">Press</Say>
    <Play loop="3">/a.wav</Play>
  </Gather>
</Response>"""


def test_verbs_and_what_they_contain_have_their_places():
    read = outline(DOCUMENT, VOCABULARY)
    say, gather = read.verbs
    assert (say.made, say.place.line, say.place.column) == (Say(text="Hello", loop=2), 2, 3)
    assert [(each.element.name, each.place.line) for each in gather.nested] == [("Say", 4), ("Play", 5)]


def test_all_wrong_values_are_found():
    errors = outline(DOCUMENT, VOCABULARY).errors
    assert [(error.place.line, error.place.attribute) for error in errors] == [
        (3, "timeout"),
        (3, "numDigits"),
        (4, "loop"),
    ]


def test_a_document_without_faults_has_none():
    read = outline("<Response><Hangup/></Response>", VOCABULARY)
    assert not read.errors
    assert not read.warnings


def test_what_is_no_document_is_raised():
    with pytest.raises(DocumentError, match="root element"):
        outline("<Answer/>", VOCABULARY)
