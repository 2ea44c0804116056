from __future__ import annotations

import pytest

from offhook.media.voice import Voice


@pytest.mark.parametrize(
    "wrong", [{"level": -80.0}, {"level": 1.0}, {"above_noise": -1.0}, {"onset": 10}, {"hangover": 20_000}]
)
def test_numbers_that_no_line_has_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Voice(**wrong)
