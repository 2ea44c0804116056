from __future__ import annotations

import pytest

from offhook.media.keypad import InbandDtmf


@pytest.mark.parametrize(
    ("setting", "with_events", "without"), [("auto", False, True), ("always", True, True), ("never", False, False)]
)
def test_tones_are_listened_for_as_the_setting_says(setting, with_events, without):
    assert InbandDtmf(setting).hears(events=True) is with_events
    assert InbandDtmf(setting).hears(events=False) is without
