"""Writes docs/reference/openapi.json from the code. A test fails when the two differ."""

from __future__ import annotations

import json
from pathlib import Path

from offhook.api import openapi
from offhook.api.resources import ROUTERS

TARGET = Path(__file__).parent.parent / "docs" / "reference" / "openapi.json"


def text() -> str:
    """The description as it is committed."""
    return json.dumps(openapi.describe(ROUTERS), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text(), encoding="utf-8")
    print(TARGET)
