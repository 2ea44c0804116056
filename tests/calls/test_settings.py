from __future__ import annotations

import pytest

from offhook.calls.settings import CallSettings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"region": "Germany"}, r"calls\.region: 'Germany' is no country"),
        ({"tones": "Germany"}, r"calls\.tones: there are no tones of 'Germany'"),
        ({"destinations": ("DE", "Mars")}, r"calls\.destinations: 'Mars' is neither"),
        ({"star_codes": ("*72",)}, r"calls\.star_codes: '\*72' is no star code"),
    ],
)
def test_settings_of_numbers_that_mean_nothing_are_named(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CallSettings(**given)  # type: ignore[arg-type]
