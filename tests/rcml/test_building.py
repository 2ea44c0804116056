"""What is built in Python is the document that a call reads."""

from __future__ import annotations

import pytest

from offhook.rcml import build
from offhook.rcml.build import Client, Dial, Gather, Hangup, Number, Play, Response, Say
from offhook.rcml.document import parse
from offhook.rcml.verbs import VOCABULARY
from tests.support.rcml_documents import places, right


def test_a_built_document_reads_as_the_same_verbs():
    built = Response(
        Gather(Say("Press 1 & listen", voice="woman"), Play("/menu.wav", loop=2), action="/key?a=1&b=2", num_digits=1),
        Dial(Number("+14155550100", send_digits="ww1"), Client("alice"), record="record-from-answer-dual", timeout=9),
    )
    built.append(Hangup())
    document = parse(str(built), VOCABULARY)
    gather, dial, _ = document.verbs
    assert not document.warnings
    assert gather.prompts[0].text == "Press 1 & listen"
    assert (gather.action, gather.num_digits, gather.prompts[1].loop) == ("/key?a=1&b=2", 1, 2)
    assert (dial.timeout, dial.record.value) == (9, "record-from-answer-dual")
    assert [type(noun).__name__ for noun in dial.nouns] == ["Number", "Client"]


@pytest.mark.parametrize(
    ("element", "attribute"), [pytest.param(*each, id=f"{each[0].name}-{each[1].name}") for each in places()]
)
def test_every_attribute_can_be_built(element, attribute):
    needed = {each.field: right(each) for each in element.required}
    made = str(getattr(build, element.name)(**needed | {attribute.field: right(attribute)}))
    assert f'{attribute.name}="' in made


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Say("x", loop=-1), "<Say loop> is '-1', but has to be a whole number from 0 to 1000"),
        (lambda: Dial(method="PUT"), "<Dial method> is 'PUT', but has to be GET or POST"),
        (lambda: Say("a\x00b"), "a character that XML cannot"),
        (lambda: Say("x", voice="a\x01"), "a character that XML cannot"),
        (lambda: Play("ftp://host/a.wav"), "<Play>: its text is"),
        (lambda: Dial(timeout=object()), "no attribute can hold"),
    ],
)
def test_a_wrong_value_is_found_where_it_is_given(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_what_is_not_given_is_not_written():
    assert str(Say("Hello")) == "<Say>Hello</Say>"
    assert str(Hangup()) == "<Hangup/>"
