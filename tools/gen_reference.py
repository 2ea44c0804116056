"""Write the reference of RCML from the verbs' dataclasses: ``gen_reference.py`` writes, ``--check`` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from offhook.rcml.reference import describe, markdown
from offhook.rcml.verbs import VOCABULARY

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference" / "rcml"
NOTE = "<!-- Made by tools/gen_reference.py from src/offhook/rcml/verbs; edit the docstrings there. -->\n\n"


def pages() -> dict[str, str]:
    """File name to its text."""
    described = [describe(VOCABULARY, element) for element in VOCABULARY.top.values()]
    made = {f"{page.name.lower()}.md": NOTE + markdown(page) for page in described}
    rows = [f"| [`<{page.name}>`]({page.name.lower()}.md) | {page.says.splitlines()[0]} |" for page in described]
    made["index.md"] = NOTE + "\n".join(["# RCML verbs", "", "| verb | |", "|---|---|", *rows]) + "\n"
    return made


def differences(folder: Path = FOLDER) -> list[str]:
    """Names of pages that are missing, stale or superfluous."""
    made = pages()
    found = {path.name: path.read_text() for path in folder.glob("*.md")}
    return sorted(name for name in made.keys() | found.keys() if made.get(name) != found.get(name))


def main() -> int:
    if "--check" in sys.argv[1:]:
        stale = differences()
        print(
            "\n".join(f"docs/reference/rcml/{name} differs from the code; run tools/gen_reference.py" for name in stale)
        )
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in differences():
        (FOLDER / name).unlink(missing_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
