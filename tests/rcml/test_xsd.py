"""The XML Schema lets pass what calls take and nothing else."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import pytest
import xmlschema

from offhook.rcml.document import parse
from offhook.rcml.errors import DocumentError
from offhook.rcml.verbs import VOCABULARY
from offhook.rcml.xsd import xsd
from tests.support.rcml_documents import around, places, right, written, wrong

SCHEMA = xmlschema.XMLSchema10(xsd(VOCABULARY))
PLACES = [pytest.param(element, attribute, id=f"{element.name}-{attribute.name}") for element, attribute in places()]


def document(element, attributes):
    opened = "".join(f"<{name}>" for name in around(element))
    closed = "".join(f"</{name}>" for name in reversed(around(element)))
    given = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<Response>{opened}<{element.name} {given}/>{closed}</Response>"


def runs(text):
    try:
        parse(text, VOCABULARY)
    except DocumentError:
        return False
    return True


@pytest.mark.parametrize(("element", "attribute"), PLACES)
def test_what_a_call_takes_is_valid_and_what_it_refuses_is_not(element, attribute):
    needed = {each.name: written(right(each)) for each in element.required}
    good = document(element, needed | {attribute.name: written(right(attribute))})
    assert runs(good)
    assert SCHEMA.is_valid(good), list(SCHEMA.iter_errors(good))
    if (value := wrong(attribute)) is not None:
        bad = document(element, needed | {attribute.name: written(value)})
        assert not runs(bad)
        assert not SCHEMA.is_valid(bad)


@pytest.mark.parametrize(
    "text",
    [
        '<Response><Say voice="woman">Hello</Say><Hangup/></Response>',
        '<Response><Gather action="/a"><Say>Press</Say><Pause/><Play>/a.wav</Play></Gather></Response>',
        '<Response><Dial record="TRUE" method="get">+1<Number>1</Number><Client>alice</Client></Dial></Response>',
        '<Response><Record playBeep="False"/></Response>',
        "<Response/>",
    ],
)
def test_documents_of_applications_are_valid(text):
    assert runs(text)
    assert SCHEMA.is_valid(text), list(SCHEMA.iter_errors(text))


@pytest.mark.parametrize(
    "text",
    [
        "<Answer/>",
        "<Response><Sya/></Response>",
        '<Response><Say lop="2"/></Response>',
        "<Response><Number/></Response>",
    ],
)
def test_what_a_call_only_warns_of_is_marked_too(text):
    assert not SCHEMA.is_valid(text)
