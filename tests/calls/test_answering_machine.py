"""Transcripts: what is heard, and who answered."""

from __future__ import annotations

import pytest

from offhook.calls.answering_machine import AnsweredBy, AnsweringMachine, Thresholds
from offhook.media.commands import CommandId
from offhook.media.events import Detected, ToneStarted, ToneStopped, VoiceStarted, VoiceStopped

ID = CommandId(1)


def voice(start: int, end: int) -> list[tuple[int, Detected]]:
    """A voice, as it is told: the end 200 ms late."""
    return [(start + 60, VoiceStarted(command=ID, at=start)), (end + 200, VoiceStopped(command=ID, at=end))]


def tone(hertz: int, start: int, end: int) -> list[tuple[int, Detected]]:
    return [
        (start + 120, ToneStarted(command=ID, at=start, frequency=hertz)),
        (end + 30, ToneStopped(command=ID, at=end, duration=end - start)),
    ]


def decide(
    *heard: list[tuple[int, Detected]], message_end: bool = False, limits: Thresholds | None = None
) -> tuple[AnsweredBy, int]:
    """The verdict and when it was taken, with a clock that stands at each deadline and each event."""
    machine = AnsweringMachine(limits or Thresholds(), message_end=message_end)
    told = sorted((event for part in heard for event in part), key=lambda one: one[0])
    now = 0
    while machine.verdict is None:
        due = machine.deadline()
        if told and told[0][0] <= due:
            now, finding = told.pop(0)
            machine.hear(finding)
        else:
            assert due >= now, "it asked for a time that has passed"
            now = due
            machine.expire(now)
    return machine.verdict, now


def test_a_short_greeting_and_silence_is_a_human():
    assert decide(voice(800, 1500)) == (AnsweredBy.HUMAN, 2700)


def test_a_greeting_with_a_short_pause_is_one_greeting():
    assert decide(voice(800, 1300), voice(1800, 2400)) == (AnsweredBy.HUMAN, 3600)


@pytest.mark.parametrize("talk", [[(500, 9000)], [(500, 1500), (2000, 3000), (3200, 6000)]])
def test_long_talk_is_a_machine_as_soon_as_it_is_long(talk):
    assert decide(*(voice(*part) for part in talk)) == (AnsweredBy.MACHINE_START, 2900)


def test_the_end_of_a_message_is_its_beep_or_its_silence():
    assert decide(voice(500, 6000), tone(1000, 6500, 6900), message_end=True) == (AnsweredBy.MACHINE_END_BEEP, 6930)
    assert decide(voice(500, 6000), message_end=True) == (AnsweredBy.MACHINE_END_SILENCE, 7200)
    assert decide(voice(500, 90_000), message_end=True) == (AnsweredBy.MACHINE_END_OTHER, 30_000)


def test_a_human_is_one_also_where_the_end_of_a_message_is_waited_for():
    assert decide(voice(800, 1500), message_end=True) == (AnsweredBy.HUMAN, 2700)


def test_a_beep_without_a_word_is_a_machine():
    assert decide(tone(1400, 1000, 1300))[0] is AnsweredBy.MACHINE_START
    assert decide(tone(1400, 1000, 1300), message_end=True)[0] is AnsweredBy.MACHINE_END_BEEP


@pytest.mark.parametrize("fax", [tone(2100, 1000, 4000), tone(1100, 1000, 1500)])
def test_the_tones_of_a_fax_are_a_fax(fax):
    assert decide(fax)[0] is AnsweredBy.FAX


def test_a_beep_at_the_pitch_of_a_fax_after_a_greeting_is_a_beep():
    assert decide(voice(500, 6000), tone(1100, 6300, 6800), message_end=True)[0] is AnsweredBy.MACHINE_END_BEEP


def test_nothing_at_all_is_unknown():
    assert decide() == (AnsweredBy.UNKNOWN, 5000)


def test_a_tone_without_end_is_unknown_when_the_time_is_up():
    endless: list[tuple[int, Detected]] = [(1120, ToneStarted(command=ID, at=1000, frequency=425))]
    assert decide(endless) == (AnsweredBy.UNKNOWN, 30_000)


def test_thresholds_move_the_line_between_human_and_machine():
    patient = Thresholds(speech_threshold=5000, speech_end_threshold=500)
    assert decide(voice(500, 4000), limits=patient) == (AnsweredBy.HUMAN, 4500)
    strict = Thresholds(speech_threshold=1000, silence_timeout=2000, timeout=3000)
    assert decide(voice(500, 4000), limits=strict) == (AnsweredBy.MACHINE_START, 1500)
    assert decide(limits=strict) == (AnsweredBy.UNKNOWN, 2000)


@pytest.mark.parametrize(
    "wrong", [{"timeout": 100}, {"speech_threshold": 900}, {"speech_end_threshold": 0}, {"silence_timeout": 1}]
)
def test_thresholds_outside_of_their_ranges_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Thresholds(**wrong)
