from __future__ import annotations

from xml.etree import ElementTree as ET

from offhook.sip.capture.ladder import CallLadder
from offhook.sip.capture.svg import svg
from tests.sip.capture.messages import captured, two_legs

SVG = "{http://www.w3.org/2000/svg}"


def labels(picture: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture).iter(f"{SVG}text")]


def test_the_picture_is_xml_with_an_arrow_for_every_message() -> None:
    picture = svg(two_legs())
    assert len(list(ET.fromstring(picture).iter(f"{SVG}path"))) == 7
    assert [label for label in labels(picture) if "INVITE" in label or "offhook" in label][:3] == [
        "offhook",
        "INVITE sdp",
        "401 Unauthorized (INVITE)",
    ]
    assert picture.count("stroke-dasharray") == 1, "the retransmission is dashed"


def test_hostile_text_cannot_break_out_of_the_picture() -> None:
    message = captured(0, b"<script>alert(1)</script>&\x00\x1b sip:x SIP/2.0\r\n\r\n", sent=False)
    picture = svg(CallLadder(messages=(message,), dropped=2))
    assert "<script" not in picture
    assert any("<script>alert(1)</script>&" in label for label in labels(picture))


def test_an_empty_ladder_is_a_picture_too() -> None:
    assert "no messages" in labels(svg(CallLadder(messages=())))
