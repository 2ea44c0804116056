"""The page on torture messages says of each what its test holds it to."""

from __future__ import annotations

import re
from pathlib import Path

from tests.fuzz.rfc5118 import MESSAGES
from tests.fuzz.test_rfc4475 import DROPPED, REFUSED, WELL_FORMED

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "torture.md"
ROW = re.compile(r"^\| `(\S+)` \| [\d.]+ \| .+ \| (read|refused: \d+|dropped).*? \|$", re.M)


def test_every_message_stands_on_the_page_with_its_verdict() -> None:
    older, newer = PAGE.read_text().split("## RFC 5118")
    tested = dict.fromkeys(WELL_FORMED, "read") | {name: f"refused: {code}" for name, code in REFUSED.items()}
    assert dict(ROW.findall(older)) == tested | dict.fromkeys(DROPPED, "dropped")
    assert dict(ROW.findall(newer)) == dict.fromkeys(MESSAGES, "read") | {"ipv6-bad": "refused: 400"}
