"""The example application: every document it answers with is one that offhook takes."""

from __future__ import annotations

import pytest

from examples.menu import app
from offhook.rcml.document import parse
from offhook.rcml.verbs import VOCABULARY

FORMS = [
    ("/menu", {}),
    ("/choice", {"Digits": "1"}),
    ("/choice", {"Digits": "2"}),
    ("/choice", {"Digits": "9"}),
    ("/record", {}),
    ("/recorded", {"RecordingUrl": "https://127.0.0.1/x"}),
    ("/echo", {}),
    ("/dial", {}),
    ("/dialled", {"DialCallStatus": "busy"}),
]


@pytest.mark.parametrize(("path", "form"), FORMS)
def test_every_answer_is_a_document_without_a_warning(path: str, form: dict[str, str]) -> None:
    answer = app.test_client().post(path, data=form)
    assert answer.content_type == "application/xml"
    document = parse(answer.data, VOCABULARY)
    assert document.verbs
    assert not document.warnings
