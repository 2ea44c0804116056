from __future__ import annotations

from offhook.calls.events import ConferenceMoment


def test_every_moment_of_a_conference_has_the_word_that_subscribes_to_it() -> None:
    assert {moment.word for moment in ConferenceMoment} == {
        "start",
        "end",
        "join",
        "leave",
        "mute",
        "hold",
        "modify",
        "speaker",
        "announcement",
    }
    assert ConferenceMoment.UNMUTE.word == "mute"
