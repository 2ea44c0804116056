from __future__ import annotations

from datetime import UTC, datetime

import pytest

from offhook.calls.conferences.conference import (
    ENDED_BY_API,
    ENDING_KICKED,
    ENDING_LEFT,
    LAST_KICKED,
    LAST_LEFT,
    Conference,
    ConferenceFull,
)
from offhook.calls.events import ConferenceFacts, ParticipantFacts
from offhook.vocabulary.sids import AccountSid, CallSid, ConferenceSid
from offhook.vocabulary.statuses import ConferenceStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def conference(**options: int) -> Conference:
    facts = ConferenceFacts(
        sid=ConferenceSid("CF1"), account_sid=AccountSid("AC1"), name="room", created_at=NOW, updated_at=NOW
    )
    return Conference(facts, **options)


def somebody(name: str, **options: object) -> ParticipantFacts:
    return ParticipantFacts(call_sid=CallSid(name), joined_at=NOW, **options)  # type: ignore[arg-type]


def told(changes: object) -> list[tuple[str, str | None]]:
    return [
        (change.moment.value, None if change.participant is None else change.participant.call_sid)
        for change in changes  # type: ignore[attr-defined]
    ]


def test_it_starts_with_the_first_who_may_start_it() -> None:
    room = conference()
    assert told(room.join(somebody("A", start_on_enter=False), NOW, most=9)) == [("participant-join", "A")]
    assert not room.started
    assert told(room.join(somebody("B"), LATER, most=9)) == [("participant-join", "B"), ("conference-start", "B")]
    assert (room.started, room.facts.updated_at) == (True, LATER)
    assert told(room.join(somebody("C"), LATER, most=9)) == [("participant-join", "C")]


def test_it_waits_for_as_many_as_there_must_be() -> None:
    room = conference(least=2)
    room.join(somebody("A"), NOW, most=9)
    assert not room.started
    room.join(somebody("B", start_on_enter=False), NOW, most=9)
    assert room.started


def test_one_too_many_does_not_come_in() -> None:
    room = conference()
    room.join(somebody("A"), NOW, most=1)
    with pytest.raises(ConferenceFull, match="1 participants"):
        room.join(somebody("B"), NOW, most=1)
    assert list(room.participants) == ["A"]


@pytest.mark.parametrize(("kicked", "reason"), [(False, LAST_LEFT), (True, LAST_KICKED)])
def test_with_the_last_one_it_is_over(kicked: bool, reason: str) -> None:
    room = conference()
    room.join(somebody("A", label="ann"), NOW, most=9)
    changes = room.leave(CallSid("A"), LATER, kicked=kicked)
    assert told(changes) == [("participant-leave", "A"), ("conference-end", "A")]
    assert changes[0].participant is not None
    assert changes[0].participant.reason_left == ("kicked" if kicked else "left")
    assert (room.facts.status, room.facts.reason_ended) == (ConferenceStatus.COMPLETED, reason)
    assert (room.facts.ended_by, room.facts.ended_by_label) == ("A", "ann")
    assert room.leave(CallSid("A"), LATER) == ()


@pytest.mark.parametrize(("kicked", "reason"), [(False, ENDING_LEFT), (True, ENDING_KICKED)])
def test_one_who_ends_it_takes_the_others_along(kicked: bool, reason: str) -> None:
    room = conference()
    room.join(somebody("A", end_on_exit=True), NOW, most=9)
    room.join(somebody("B"), NOW, most=9)
    room.join(somebody("C"), NOW, most=9)
    assert told(room.leave(CallSid("B"), LATER)) == [("participant-leave", "B")]
    assert told(room.leave(CallSid("A"), LATER, kicked=kicked)) == [
        ("participant-leave", "A"),
        ("participant-leave", "C"),
        ("conference-end", "A"),
    ]
    assert (room.over, room.facts.reason_ended, room.participants) == (True, reason, {})


def test_it_can_be_ended_from_outside_once() -> None:
    room = conference()
    room.join(somebody("A"), NOW, most=9)
    assert told(room.end(LATER)) == [("participant-leave", "A"), ("conference-end", None)]
    assert room.facts.reason_ended == ENDED_BY_API
    assert room.end(LATER) == ()


def test_a_change_tells_what_is_different_now() -> None:
    room = conference()
    room.join(somebody("A"), NOW, most=9)
    sid = CallSid("A")
    assert told(room.change(sid, NOW, muted=True, hold=True)) == [("participant-mute", "A"), ("participant-hold", "A")]
    assert told(room.change(sid, NOW, muted=True)) == []
    assert told(room.change(sid, NOW, muted=False)) == [("participant-unmute", "A")]
    assert told(room.change(sid, NOW, hold=False)) == [("participant-unhold", "A")]
    assert told(room.change(sid, NOW, coaching=True, coaches=CallSid("B"))) == [("participant-modify", "A")]
    assert told(room.change(sid, NOW, end_on_exit=True)) == [("participant-modify", "A")]
    assert room.change(CallSid("Z"), NOW, muted=True) == ()
    assert room.participants[sid].coaches == "B"


def test_speech_and_announcements_are_told_in_order() -> None:
    room = conference()
    room.join(somebody("A"), NOW, most=9)
    changes = [
        *room.speaks(CallSid("A"), NOW, speaking=True),
        *room.speaks(CallSid("A"), NOW, speaking=False),
        *room.announced(NOW, url="http://a.test/", to=CallSid("A")),
        *room.announced(NOW, url="http://a.test/", failure="no"),
    ]
    assert told(changes) == [
        ("participant-speech-start", "A"),
        ("participant-speech-stop", "A"),
        ("announcement-end", "A"),
        ("announcement-fail", None),
    ]
    assert [change.sequence for change in changes] == [3, 4, 5, 6]
    assert room.speaks(CallSid("Z"), NOW, speaking=True) == ()
