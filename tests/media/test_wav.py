from __future__ import annotations

import contextlib
import struct
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.media.wav import WavInvalid, pcm_bytes, pcm_samples, read_wav, resampled, wav_bytes
from tests.support import g711


@given(st.lists(st.integers(-32_768, 32_767)), st.sampled_from([8000, 16_000, 22_050]), st.sampled_from([1, 2]))
def test_what_was_written_is_read_back(samples, rate, channels):
    samples = array("h", samples[: len(samples) // channels * channels])
    wave = read_wav(wav_bytes(samples, rate=rate, channels=channels))
    assert (wave.rate, wave.channels, wave.samples) == (rate, channels, samples)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_damaged_files_raise_nothing_but_their_own_error(noise, at):
    good = bytearray(wav_bytes(array("h", range(50))))
    good[at : at + len(noise)] = noise
    for data in (noise, bytes(good), b"RIFF\0\0\0\0WAVE" + noise):
        with contextlib.suppress(WavInvalid):
            read_wav(data).line()


@pytest.mark.parametrize(("kind", "codec"), [(7, "PCMU"), (6, "PCMA")])
def test_g711_files_are_decoded_as_the_recommendation_says(kind, codec):
    codes = bytes(range(256))
    data = (
        struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + 256, b"WAVE", b"fmt ", 16, kind, 1, 8000, 8000, 1, 8)
        + struct.pack("<4sI", b"data", 256)
        + codes
    )
    assert list(read_wav(data).samples) == list(g711.decode(codes, codec))


def test_eight_bits_are_unsigned():
    data = (
        struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 40, b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
        + struct.pack("<4sI", b"data", 3)
        + b"\x80\x00\xff"
    )
    assert list(read_wav(data).samples) == [0, -32_768, 127 << 8]


def test_a_data_chunk_of_unknown_length_ends_with_the_file():
    data = bytearray(wav_bytes(array("h", [1, 2, 3])))
    data[40:44] = b"\xff\xff\xff\xff"
    assert list(read_wav(bytes(data)).samples) == [1, 2, 3]


def test_stereo_is_mixed_down_and_brought_to_the_lines_rate():
    both = array("h", [1000, 3000] * 160)
    line = read_wav(wav_bytes(both, rate=16_000, channels=2)).line()
    assert list(line) == [2000] * 80


def test_a_tone_keeps_its_frequency_when_resampled():
    tone = (8000 * np.sin(2 * np.pi * 500 / 16_000 * np.arange(16_000))).astype(np.int16)
    slow = np.array(resampled(pcm_samples(tone.tobytes()), 16_000, 8000))
    assert np.argmax(np.abs(np.fft.rfft(slow))) == 500


def test_a_lone_last_byte_is_left_out():
    assert pcm_bytes(pcm_samples(b"\x01\x00\x02")) == b"\x01\x00"
