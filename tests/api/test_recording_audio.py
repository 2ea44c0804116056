from __future__ import annotations

from offhook.api.recording_audio import MEDIA_TYPES
from offhook.media.recording import RecordFormat


def test_whatever_the_engine_writes_has_a_media_type() -> None:
    assert set(RecordFormat) <= MEDIA_TYPES.keys()
