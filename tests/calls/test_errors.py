from __future__ import annotations

from offhook.calls.errors import Unroutable


def test_a_caller_is_told_not_found_unless_something_else_is_said() -> None:
    assert (Unroutable("no way").sip_code, str(Unroutable("no way"))) == (404, "no way")
    assert Unroutable("later", sip_code=503).sip_code == 503
