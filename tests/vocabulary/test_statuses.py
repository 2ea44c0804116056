"""The words of a call's life."""

from __future__ import annotations

from offhook.vocabulary.statuses import CallStatus


def test_nothing_follows_a_final_status() -> None:
    assert [status.value for status in CallStatus if not status.final] == ["queued", "ringing", "in-progress"]
