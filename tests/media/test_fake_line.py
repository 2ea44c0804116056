from __future__ import annotations

from array import array

import pytest

from offhook.media.commands import AudioData, Codec, CommandId, Connect, Direction, Pcm, SessionId, Silence, Tone
from offhook.media.conformance.bench import level, presence
from offhook.media.fake_line import Heard, Line, Relayed, source_length, source_samples, tone_samples
from offhook.media.wav import pcm_bytes, wav_bytes


class Hand:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 1_000

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Hand()


def line(clock, session=1, direction=Direction.SENDRECV):
    connection = Connect(
        id=CommandId(1),
        session=SessionId(session),
        remote=("127.0.0.1", 4000),
        codec=Codec.PCMU,
        payload_type=0,
        dtmf_payload_type=101,
        direction=direction,
    )
    return Line(session=SessionId(session), now=clock, connection=connection)


def test_words_follow_each_other_and_silence_surrounds_them(clock):
    caller = line(clock)
    assert caller.says(300) == 1_300
    assert caller.says(200) == 1_500
    clock.now = 2_000
    said = caller.said(900, 2_000)
    assert len(said) == 8 * 1_100
    assert max(map(abs, said[: 8 * 100])) == 0
    assert max(map(abs, said[8 * 100 : 8 * 600])) > 1_000
    assert max(map(abs, said[8 * 600 :])) == 0


def test_a_far_end_that_may_not_send_is_not_heard(clock):
    caller = line(clock, direction=Direction.SENDONLY)
    caller.says(300)
    assert max(caller.said(1_000, 1_300)) == 0


def test_silence_is_counted_from_the_last_word(clock):
    caller = line(clock)
    assert caller.silent_for(1_000, 500) == 1_500
    caller.says(300)
    assert caller.silent_for(1_000, 500) == 1_800


def test_a_pause_within_the_words_is_silence_too(clock):
    caller = line(clock)
    word = tone_samples(Tone(frequencies=(600.0,), on=200))
    caller.says(pcm_bytes(word + array("h", bytes(2 * 8 * 700)) + word))
    assert caller.silent_for(1_000, 500) == 1_200 + 500
    assert caller.silent_for(1_000, 800) == 2_100 + 800


def test_what_was_heard_has_its_time_and_its_length(clock):
    caller = line(clock)
    tone = Tone(frequencies=(600.0,), on=5_000)
    stops = caller.hears(tone)
    assert caller.heard == [Heard(source=tone, at=1_000, duration=None)]
    clock.now = 1_400
    stops()
    assert caller.heard == [Heard(source=tone, at=1_000, duration=400)]
    assert presence(caller.sound(1_000, 1_800, {}.__getitem__), 600) == 400


def test_nothing_is_heard_on_a_line_that_is_not_connected(clock):
    caller = Line(session=SessionId(1), now=clock)
    caller.hears(Silence(duration=10))()
    assert caller.heard == []


def test_a_prompt_covers_what_a_bridge_brings(clock):
    ann, bob = line(clock, 1), line(clock, 2)
    stops_bridge = ann.hears(Relayed(session=bob.session))
    bob.says(pcm_bytes(tone_samples(Tone(frequencies=(900.0,), on=600))))
    clock.now = 1_200
    stops_prompt = ann.hears(Tone(frequencies=(1500.0,), on=200))
    clock.now = 1_400
    stops_prompt()
    clock.now = 1_600
    stops_bridge()
    sound = ann.sound(1_000, 1_600, {bob.session: bob}.__getitem__)
    assert (presence(sound, 900), presence(sound, 1500)) == (400, 200)


@pytest.mark.parametrize(
    ("source", "length"),
    [
        (Silence(duration=70), 70),
        (Pcm(data=bytes(3200), rate=16_000), 100),
        (AudioData(data=wav_bytes(array("h", [0] * 800))), 100),
        (Tone(frequencies=(440.0,), on=30, off=20, repeat=3), 150),
        (Tone(frequencies=(440.0,), on=30, off=20, repeat=0), None),
        (Tone(frequencies=(440.0,), on=0, repeat=0), 0),
    ],
)
def test_every_source_has_its_length(source, length):
    assert source_length(source) == length
    if length is not None:
        assert len(source_samples(source)) == 8 * length


def test_a_source_that_is_no_audio_says_so():
    with pytest.raises(ValueError, match="what can be played is WAV, MP3"):
        source_length(AudioData(data=b"text"))


def test_a_tone_has_the_level_that_was_asked_for():
    samples = tone_samples(Tone(frequencies=(600.0, 1_333.3), on=1_500, level=-20.0))
    assert level(samples, 600) == pytest.approx(-20, abs=0.3)
    assert level(samples, 1_333.3) == pytest.approx(-20, abs=0.3)
