"""Codecs in session descriptions."""

from __future__ import annotations

import pytest

from offhook.media.commands import Codec
from offhook.media.settings import MediaSettings
from offhook.sip.codecs import CODECS, USUAL, OpusWishes, codec_of, dtmf_format, dtmf_of, format_of
from offhook.sip.errors import LocalProtocolError
from offhook.sip.sdp import Format


def test_signalling_and_media_know_the_same_codecs() -> None:
    assert set(CODECS) == set(Codec)
    assert MediaSettings().codecs == USUAL


def test_every_codec_is_recognized_as_it_is_offered() -> None:
    assert [codec_of(format_of(name)) for name in CODECS] == list(CODECS)
    assert codec_of(Format(payload_type=96, name="OPUS", clock_rate=48_000)) is None
    with pytest.raises(LocalProtocolError):
        format_of("GSM")


def test_keys_are_those_on_the_clock_of_the_codec_or_at_8_khz() -> None:
    narrow, wide = dtmf_format(101), dtmf_format(110, 48_000)
    assert dtmf_of((narrow, wide), "OPUS") == wide
    assert dtmf_of((narrow, wide), "G722") == narrow
    assert dtmf_of((narrow,), "L16/16000") == narrow
    assert dtmf_of((wide,), "PCMU") is None


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("", OpusWishes()),
        ("useinbandfec=1;usedtx=1", OpusWishes(fec=True, dtx=True)),
        (" maxaveragebitrate = 20000 ; useinbandfec=0", OpusWishes(most=20_000)),
        ("maxaveragebitrate=1;usedtx=yes;;=;stereo=1", OpusWishes(most=6000)),
        ("MaxAverageBitrate=999999999", OpusWishes(most=510_000)),
    ],
)
def test_what_a_far_end_says_of_its_opus_is_read(text: str, wishes: OpusWishes) -> None:
    assert OpusWishes.parse(text) == wishes
