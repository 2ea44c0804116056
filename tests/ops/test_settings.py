"""Settings of logs."""

from __future__ import annotations

import pytest

from offhook.ops.settings import LogSettings


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="debug, info"):
        LogSettings(level="loud")
