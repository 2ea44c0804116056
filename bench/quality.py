"""Sound quality in virtual time: writes the tables of ``docs/explanation/sound-quality.md`` anew. ``make quality``."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "sound-quality.md"
BEGIN, END = "<!-- tables: made by make quality -->\n", "<!-- end of tables -->\n"


def main() -> None:
    command = ["cargo", "run", "--release", "--quiet", "--locked", "--package", "offhook-quality"]
    tables = subprocess.run(command, cwd=ROOT / "native", check=True, capture_output=True, text=True).stdout
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + "\n" + tables + "\n" + END + after)
    print(tables)


if __name__ == "__main__":
    main()
