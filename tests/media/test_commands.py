from __future__ import annotations

import pytest

from offhook.media.commands import CommandId, Detect, SessionId
from offhook.media.voice import Voice


def test_detecting_nothing_or_silence_without_a_voice_is_refused():
    with pytest.raises(ValueError, match="detect what"):
        Detect(id=CommandId(1), session=SessionId(1))
    with pytest.raises(ValueError, match="silence"):
        Detect(id=CommandId(1), session=SessionId(1), tones=True, silence=1000)
    with pytest.raises(ValueError, match="silence"):
        Detect(id=CommandId(1), session=SessionId(1), voice=Voice(), silence=5)
