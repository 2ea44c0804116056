from __future__ import annotations

from offhook.calls.control import CallRefused


def test_a_refusal_carries_the_code_that_clients_test_for() -> None:
    refused = CallRefused(21220, "Call is not in-progress.")
    assert (refused.code, str(refused)) == (21220, "Call is not in-progress.")
