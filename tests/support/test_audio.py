from __future__ import annotations

import numpy as np
import pytest

from tests.support import audio, g711


def test_a_tone_is_found_at_its_frequency_and_level():
    sound = audio.sine(1000, 500, level=-10)
    assert audio.strongest(sound) == pytest.approx(1000, abs=2)
    assert audio.level_at(sound, 1000) == pytest.approx(-10, abs=0.2)
    assert audio.loudness(sound) == pytest.approx(-10, abs=0.2)
    assert audio.level_at(sound, 1500) < -60


def test_silence_has_no_tone():
    assert audio.strongest(audio.silence(200)) == 0
    assert audio.loudness(audio.silence(200)) == audio.NOTHING
    assert audio.presence(audio.silence(400), 600) == 0


def test_presence_counts_only_the_tone_that_is_meant():
    sound = np.concatenate([audio.sine(600, 400), audio.silence(200), audio.sine(900, 800)])
    assert audio.presence(sound, 600) == 400
    assert audio.presence(sound, 900) == 800


def test_a_steady_tone_has_no_tears_even_after_g711():
    sound = audio.sine(440, 1000)
    assert audio.tears(sound, 440) == []
    for codec in ("PCMU", "PCMA"):
        assert audio.tears(g711.decode(g711.encode(sound, codec), codec), 440) == []


def test_a_lost_packet_and_a_jump_are_found():
    lost = audio.sine(440, 1000)
    lost[3200:3360] = 0
    assert {tear.kind for tear in audio.tears(lost, 440)} >= {"dropout"}
    assert 395 <= audio.tears(lost, 440)[0].at <= 405
    jumped = np.concatenate([audio.sine(440, 500), audio.sine(440, 509)[50:]])
    assert [tear.kind for tear in audio.tears(jumped, 440)][:1] == ["click"]


def test_wav_files_come_back(tmp_path):
    sound = audio.sine(700, 100)
    samples, rate = audio.read_wav(audio.write_wav(tmp_path / "a.wav", sound, 16_000))
    assert rate == 16_000
    assert np.array_equal(samples, sound)


def test_g711_keeps_its_own_levels():
    for codec, table in g711.DECODE.items():
        again = g711.decode(g711.encode(table, codec), codec)
        assert np.array_equal(again, table)
