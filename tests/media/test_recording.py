from __future__ import annotations

import pytest

from offhook.media.commands import CommandId, SessionId
from offhook.media.recording import Record


@pytest.mark.parametrize(("wrong", "said"), [({"channels": 3}, "1 or 2 channels"), ({"rate": 44_100}, "44100 Hz")])
def test_a_recording_that_cannot_be_is_refused_at_once(wrong: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Record(id=CommandId(1), session=SessionId(1), path="a.wav", **wrong)  # type: ignore[arg-type]
