from __future__ import annotations

import pytest

from offhook.api.errors import BadParameter
from offhook.api.recording_forms import StartRecording, UpdateRecording, change_of, order_of
from offhook.api.wire import forms
from offhook.calls.control import RecordingChange
from offhook.media.recording import Track


def test_without_parameters_both_sides_are_recorded_on_one_channel() -> None:
    order = order_of(forms.decode(StartRecording, []), source="X", seconds=60)
    assert (order.track, order.channels, order.trim, order.callback) == (Track.BOTH, 1, False, None)
    assert (order.source, order.max_length) == ("X", 60_000)


def test_who_hears_of_it_hears_of_its_completion_unless_asked_otherwise() -> None:
    form = forms.decode(StartRecording, [("RecordingStatusCallback", "https://x.test/r")])
    callback = order_of(form, source="X").callback
    assert callback is not None
    assert (callback.method, callback.events) == ("POST", frozenset({"completed"}))
    with pytest.raises(BadParameter, match="is not one of absent, completed, in-progress"):
        order_of(forms.decode(StartRecording, [("RecordingStatusCallbackEvent", "late")]), source="X")


def test_a_pause_leaves_silence_unless_it_is_to_be_left_out() -> None:
    changes = [
        ([("Status", "paused")], RecordingChange.PAUSE_SILENCE),
        ([("Status", "paused"), ("PauseBehavior", "skip")], RecordingChange.PAUSE_SKIP),
        ([("Status", "in-progress")], RecordingChange.RESUME),
        ([("Status", "stopped"), ("PauseBehavior", "skip")], RecordingChange.STOP),
    ]
    for pairs, change in changes:
        assert change_of(forms.decode(UpdateRecording, pairs)) is change
