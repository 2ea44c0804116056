"""The code of the page on documents runs."""

from __future__ import annotations

import re
from pathlib import Path

from offhook.rcml.lint import lint
from offhook.rcml.verbs import VOCABULARY

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-documents.md"


def test_the_builders_example_makes_a_document_in_which_nothing_is_found(capsys) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(code, {})
    document = capsys.readouterr().out
    assert '<Number sendDigits="ww7">+14155550100</Number>' in document
    assert lint(document, VOCABULARY, url="https://app.example/") == []
