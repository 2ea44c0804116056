from __future__ import annotations

import pytest

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.packages import EventName


def test_event_names_are_read() -> None:
    assert EventName.parse("Refer;id=93809824") == EventName(package="refer", id="93809824")
    assert str(EventName.parse(" dialog ; id=7")) == "dialog;id=7"
    for text in (None, "", ";id=1", "two words"):
        with pytest.raises(RemoteProtocolError) as refused:
            EventName.parse(text)
        assert refused.value.status_hint == 489
