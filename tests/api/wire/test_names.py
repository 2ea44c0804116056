from __future__ import annotations

import pytest

from offhook.api.wire.names import pascal, snake


@pytest.mark.parametrize(
    ("name", "form", "json"),
    [("voice_url", "VoiceUrl", "voice_url"), ("from_", "From", "from"), ("sid", "Sid", "sid")],
)
def test_a_name_has_one_spelling_in_forms_and_xml_and_another_in_json(name: str, form: str, json: str) -> None:
    assert (pascal(name), snake(name)) == (form, json)
