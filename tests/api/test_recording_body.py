from __future__ import annotations

from dataclasses import fields

from offhook.api.recording_body import Recording


def test_a_recording_tells_what_was_recorded_and_how_it_is_stored() -> None:
    names = {field.name for field in fields(Recording)}
    assert {"track", "channels", "source", "format", "size", "sha256", "reason", "media_url"} <= names
