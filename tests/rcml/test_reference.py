"""The reference is what the dataclasses say, and the committed pages are up to date."""

from __future__ import annotations

from offhook.rcml.reference import describe, markdown
from offhook.rcml.verbs import VOCABULARY
from tools.gen_reference import differences


def test_the_committed_pages_are_what_the_code_says():
    assert differences() == []


def test_a_page_has_attributes_with_values_defaults_and_meaning():
    text = markdown(describe(VOCABULARY, VOCABULARY.top["Gather"]))
    assert "| `numDigits` | a whole number from 1 to 256 | `256` | How many keys end the input. |" in text
    assert "May contain `<Say>`, `<Play>`, `<Pause>`." in text


def test_nouns_stand_on_the_page_of_their_verb():
    page = describe(VOCABULARY, VOCABULARY.top["Dial"])
    assert [noun.name for noun in page.nouns] == ["Number", "Client", "Sip", "Conference"]


def test_every_attribute_of_every_element_is_explained():
    def unexplained(page):
        own = [f"{page.name}.{each.name}" for each in page.attributes if not each.says]
        text = [page.name] if page.text is not None and not page.text.says else []
        return own + text + [name for noun in page.nouns for name in unexplained(noun)]

    assert [name for each in VOCABULARY.top.values() for name in unexplained(describe(VOCABULARY, each))] == []
