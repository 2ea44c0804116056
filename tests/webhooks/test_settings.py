import pytest

from offhook.webhooks.settings import WebhookSettings


@pytest.mark.parametrize("name", ["attempts", "per_host", "window"])
def test_settings_under_which_nothing_is_delivered_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        WebhookSettings(**{name: 0})
    assert getattr(WebhookSettings(**{name: 1}), name) == 1
