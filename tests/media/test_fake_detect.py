"""What the conformance suite does not ask: what the twin takes for keys and tones."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from offhook.media.commands import Tone
from offhook.media.fake_detect import KEYPAD, key_tone, keys_in, sine
from offhook.media.fake_line import SPEECH, tone_samples


def test_every_key_is_recognised_by_its_own_tones():
    silence = array("h", bytes(2 * 800))
    for key in KEYPAD:
        assert [found for _, found in keys_in(tone_samples(key_tone(key, 100)) + silence)] == [key]


def test_speech_and_single_tones_have_no_keys():
    for tone in (replace(SPEECH, on=500), Tone(frequencies=(697.0,), on=500)):
        assert keys_in(tone_samples(tone)) == []


@pytest.mark.parametrize("frequency", [400.0, 1000.0, 2100.0])
def test_a_sine_has_its_frequency_and_others_have_none(frequency):
    frame = tone_samples(Tone(frequencies=(frequency,), on=20))
    assert sine(frame) == pytest.approx(frequency, rel=0.01)
    assert sine(tone_samples(replace(SPEECH, on=20))) is None
    assert sine(array("h", bytes(320))) is None
