from __future__ import annotations

import pytest

from offhook.media.commands import Tone
from offhook.media.progress_tones import COUNTRIES, Signal, countries, is_country, tones


def test_at_least_forty_countries_have_their_tones():
    assert len(COUNTRIES) >= 40
    assert all(is_country(country.lower()) for country in countries())
    assert not is_country("XX")


@pytest.mark.parametrize("signal", Signal)
def test_every_tone_of_every_country_can_be_played(signal):
    for country in countries():
        pieces = tones(signal, country)
        assert pieces
        for piece in pieces:
            assert all(300 <= hertz <= 2000 for hertz in piece.frequencies)
            assert 1 <= len(piece.frequencies) <= 2
            assert 20 <= piece.on <= 5000
            assert 0 <= piece.off <= 15_000
            assert -25 <= piece.level <= -10
            assert piece.repeat == 1


def test_ringing_is_not_busy():
    for country in countries():
        ringing, busy = tones(Signal.RINGBACK, country), tones(Signal.BUSY, country)
        assert sum(piece.on + piece.off for piece in ringing) > sum(piece.on + piece.off for piece in busy)


def test_a_country_sounds_as_at_home():
    assert tones(Signal.RINGBACK, "us") == (Tone(frequencies=(440.0, 480.0), on=2000, off=4000, level=-19.0),)
    assert [(piece.on, piece.off) for piece in tones(Signal.RINGBACK, "uk")] == [(400, 200), (400, 2000)]
    assert tones(Signal.BUSY, "DE")[0].frequencies == (425.0,)


def test_a_country_that_is_not_listed_has_what_e180_recommends():
    assert tones(Signal.BUSY, "XX") == (Tone(frequencies=(425.0,), on=500, off=500, level=-13.0),)
