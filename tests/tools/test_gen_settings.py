from __future__ import annotations

import re

from offhook.config import documented
from tools.gen_settings import TARGET, text


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert TARGET.read_text(encoding="utf-8") == text(), "run make docs"


def test_every_setting_is_explained() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (`[^`]+`|in the file only) \| [^|]*\| (.*) \|$", text(), re.MULTILINE)
    assert [name for name, _, _ in rows] == [key.partition(".")[2] for key, _, _ in documented()]
    assert [name for name, _, said in rows if not said] == []


def test_a_list_of_tables_has_a_table_of_its_own() -> None:
    page = text()
    assert "`[[sip.listeners]]`, one for each" in page
    assert "| `transport` | needed |" in page
    assert "OFFHOOK_SIP_LISTENERS" not in page
