"""Settings of speech synthesis."""

from __future__ import annotations

import pytest

from offhook.speech.settings import SpeechSettings


@pytest.mark.parametrize("providers", [(), ("piper", "festival")])
def test_an_engine_that_does_not_exist_is_named(providers: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"speech\.providers.*piper, espeak"):
        SpeechSettings(providers=providers)
