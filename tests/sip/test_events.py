from __future__ import annotations

from offhook.sip.events import EndCause


def test_three_ends_are_our_own_doing() -> None:
    ours = {cause for cause in EndCause if not cause.by_far_end}
    assert ours == {EndCause.HANGUP, EndCause.REFUSED_BY_US, EndCause.SHUTDOWN}
