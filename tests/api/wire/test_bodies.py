from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

from hypothesis import given
from hypothesis import strategies as st

from offhook.api.dialect import Dialect, Format, Rendering
from offhook.api.wire.bodies import Link, Links, Mark, MediaLink, Quantity, element, json_bytes, moment, tree, xml_bytes

AT = datetime(2026, 1, 5, 7, 8, 9, 500_000, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    sid: str
    from_: str | None
    duration: Quantity
    at: Annotated[datetime | None, Mark.ISO_IN_RESTCOMM]
    made: datetime
    ours: Annotated[int, Mark.ONLY_RESTCOMM] = 1
    theirs: Annotated[int, Mark.ONLY_TWILIO] = 2
    flags: Mapping[str, bool]
    audio: MediaLink
    uri: Link
    links: Links


THING = Thing(
    sid="X",
    from_=None,
    duration=5,
    at=AT,
    made=AT,
    flags={"voice": True},
    audio="/A/X.wav",
    uri="/A/X?Page=1",
    links={"calls": "/A/X/Calls"},
)


def as_(dialect: Dialect, form: Format = Format.JSON) -> Rendering:
    return Rendering(dialect=dialect, format=form)


def test_the_2010_dialect_writes_numbers_as_text_and_moments_as_mail_does() -> None:
    assert tree(THING, as_(Dialect.TWILIO)) == {
        "sid": "X",
        "from": None,
        "duration": "5",
        "at": "Mon, 05 Jan 2026 07:08:09 +0000",
        "made": "Mon, 05 Jan 2026 07:08:09 +0000",
        "theirs": 2,
        "flags": {"voice": True},
        "audio": "/2010-04-01/A/X.wav",
        "uri": "/2010-04-01/A/X.json?Page=1",
        "links": {"calls": "/2010-04-01/A/X/Calls.json"},
    }


def test_the_2012_dialect_writes_numbers_as_numbers_and_moments_its_own_way() -> None:
    found = tree(THING, as_(Dialect.RESTCOMM))
    assert found["duration"] == 5
    assert (found["at"], found["made"]) == ("2026-01-05T07:08:09Z", "Mon, 5 Jan 2026 07:08:09 +0000")
    assert (found.get("ours"), found.get("theirs")) == (1, None)
    assert found["uri"] == "/restcomm/2012-04-24/A/X.json?Page=1"
    assert tree(THING, as_(Dialect.RESTCOMM, Format.XML))["uri"] == "/restcomm/2012-04-24/A/X?Page=1"


def test_moments_in_other_zones_are_told_in_utc() -> None:
    there = AT.astimezone(timezone(timedelta(hours=-9)))
    assert moment(there, Dialect.TWILIO) == moment(AT, Dialect.TWILIO)
    assert moment(AT.replace(day=15), Dialect.RESTCOMM) == "Thu, 15 Jan 2026 07:08:09 +0000"


def test_xml_names_are_in_pascal_case_and_nothing_is_an_empty_element() -> None:
    text = element("Thing", tree(THING, as_(Dialect.RESTCOMM, Format.XML)))
    assert text.startswith("<Thing><Sid>X</Sid><From/><Duration>5</Duration>")
    assert "<Flags><Voice>true</Voice></Flags>" in text


@given(st.text(), st.text())
def test_any_text_comes_through_both_notations(text: str, attribute: str) -> None:
    assert json.loads(json_bytes({"x": text})) == {"x": text.encode("utf-8", "replace").decode()}
    root = ET.fromstring(xml_bytes(element("Thing", {"x": text}, {"uri": attribute}), Dialect.TWILIO))
    assert root.tag == "TwilioResponse"
    found = root.findtext("Thing/X") or ""
    allowed = [
        each
        for each in text
        if each in "\t\n\r" or " " <= each <= "\ud7ff" or "\ue000" <= each <= "\ufffd" or each > "\uffff"
    ]
    assert found.replace("\n", "\r") == "".join(allowed).replace("\r\n", "\r").replace("\n", "\r")
