from __future__ import annotations

from offhook.api.resources.incoming_phone_numbers import UpdateNumber
from offhook.api.voice import given


def test_what_is_left_out_stays_and_what_is_empty_is_cleared() -> None:
    form = UpdateNumber(voice_url="", voice_method="", friendly_name="Desk", voice_caller_id_lookup=False)
    assert given(form) == {
        "voice_url": None,
        "voice_method": "POST",
        "friendly_name": "Desk",
        "voice_caller_id_lookup": False,
    }
    assert given(form, without=frozenset({"friendly_name", "voice_url"})).keys() == {
        "voice_method",
        "voice_caller_id_lookup",
    }
