from __future__ import annotations

import re

from offhook.config import documented
from tools.gen_settings import TARGET, text


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert TARGET.read_text(encoding="utf-8") == text(), "run make docs"


def test_every_setting_is_explained() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| [^|]*\| (.*) \|$", text(), re.MULTILINE)
    assert [variable for _, variable, _ in rows] == [variable for _, variable, _ in documented()]
    assert [variable for _, variable, said in rows if not said] == []
