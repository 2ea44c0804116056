"""The index of decisions names all of them, in order, by their titles."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "adr"


def test_the_index_names_every_decision_by_its_title_and_status() -> None:
    listed = re.findall(r"^\| \[(\d{4})\]\((.+?)\) \| (.+?) \| (.+?) \|$", (FOLDER / "README.md").read_text(), re.M)
    found = []
    for path in sorted(FOLDER.glob("[0-9]*.md")):
        title, _, status, *_ = path.read_text().splitlines()
        assert title.startswith(f"# {path.name[:4]}: "), path.name
        found.append((path.name[:4], path.name, title.partition(": ")[2], status.removeprefix("Status: ")))
    assert listed == found
    assert len({number for number, *_ in found}) == len(found)
