"""What is found in documents before a call finds it."""

from __future__ import annotations

import pytest

from offhook.rcml.lint import Severity, lint
from offhook.rcml.verbs import VOCABULARY

URL = "https://app.example/ivr/start.xml"


def found(verbs: str, url: str = URL) -> list[tuple[str, int, str]]:
    return [
        (each.severity.value, each.place.line, each.message)
        for each in lint(f"<Response>\n{verbs}\n</Response>", VOCABULARY, url=url)
    ]


@pytest.mark.parametrize(
    "verbs",
    [
        "<Say>Hello</Say><Hangup/>",
        '<Gather action="/key"><Say>Press</Say></Gather><Redirect>/again.xml</Redirect>',
        "<Reject/>",
        '<Dial action="/done"><Number>+14155550100</Number></Dial>',
        "<Dial>+14155550100</Dial><Say>Nobody is there.</Say>",
        '<Say>Hello</Say><Gather action="/key"/><Redirect/>'.replace("<Redirect/>", "<Redirect>start.xml</Redirect>"),
    ],
)
def test_nothing_is_found_in_good_documents(verbs):
    assert found(verbs) == []


@pytest.mark.parametrize(
    "ending",
    [
        "<Hangup/>",
        "<Reject/>",
        "<Echo/>",
        "<Redirect>/next.xml</Redirect>",
        '<Play loop="0">/music.wav</Play>',
        '<Say loop="0">Please hold.</Say>',
        '<Dial action="/done">1000</Dial>',
        '<Record action="/done"/>',
        '<Gather action="/done" actionOnEmptyResult="true"/>',
    ],
)
def test_what_follows_an_ending_is_never_reached_and_told_once(ending):
    severity, line, message = found(f"{ending}\n<Say>one</Say>\n<Say>two</Say>")[-1]
    assert (severity, line) == ("warning", 3)
    assert message.startswith("<Say> is never reached: <")
    assert "in line 2" in message
    assert len(found(f"{ending}\n<Say>one</Say>\n<Say>two</Say>")) == 1


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        ("<Gather/>", "<Gather> has no action"),
        ("<Record/>", "<Record> has no action"),
        ("<Say/>", "<Say> has no text"),
        ("<Play/>", "<Play> has no URL"),
        ("<Redirect/>", "<Redirect> has no URL"),
        ("<Dial/>", "<Dial> dials nobody"),
        ("<Dial>1000<Number>1001</Number></Dial>", '<Dial> has nouns, so its text "1000" is not dialled'),
        ('<Gather action="/a" finishOnKey="0123456789*#ABCD" numDigits="1"/>', "takes no key"),
        ('<Gather action="/a"><Play/></Gather>', "<Play> has no URL"),
    ],
)
def test_verbs_say_what_is_odd_about_them(verb, says):
    (finding,) = found(verb)
    assert finding[0] == "warning"
    assert says in finding[2]


def test_a_refusal_after_an_answer_is_none():
    ((severity, _, message),) = found("<Say>No.</Say><Reject/>")
    assert severity == "warning"
    assert "here it hangs up" in message


def test_relative_urls_are_hinted_at_where_nothing_is_known_to_be_relative_to():
    verbs = '<Gather action="key.xml"><Play>menu.wav</Play></Gather><Redirect>https://app.example/</Redirect>'
    hints = found(verbs, url="")
    assert [hint[0] for hint in hints] == ["hint", "hint"]
    assert '<Gather>: action "key.xml" is relative' in hints[0][2]
    assert '<Play>: its text "menu.wav" is relative' in hints[1][2]
    assert found(verbs) == []


@pytest.mark.parametrize("target", ["start.xml", URL, "/ivr/start.xml"])
def test_a_loop_that_never_listens_is_found(target):
    ((severity, _, message),) = found(f"<Say>Hello</Say><Redirect>{target}</Redirect>")
    assert severity == "warning"
    assert "never listens" in message
    ((severity, _, message),) = found(f"<Redirect>{target}</Redirect>")
    assert severity == "error"
    assert found(f"<Pause/><Redirect>{target}</Redirect>") == []


def test_errors_and_warnings_of_reading_are_findings_with_their_places():
    findings = lint('<Response>\n <Say loop="x" lop="1">a</Say>\n <Gahter/>\n</Response>', VOCABULARY)
    assert [(each.severity, each.place.line) for each in findings] == [
        (Severity.ERROR, 2),
        (Severity.WARNING, 2),
        (Severity.WARNING, 3),
    ]
    assert "did you mean Gather?" in findings[2].message
    assert not any(each.message.startswith("line") for each in findings)


def test_what_is_no_xml_is_one_error():
    (finding,) = lint("<Response><Say></Response>", VOCABULARY)
    assert finding.severity is Severity.ERROR
    assert "mismatched tag" in finding.message
