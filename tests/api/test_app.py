from __future__ import annotations

from offhook.api.app import OPEN_PATHS
from tests.support.api_node import TWILIO, ApiNode


def test_only_documentation_is_open(node: ApiNode) -> None:
    for path in OPEN_PATHS:
        assert node.ask("GET", path, account=None).status_code in {200, 307}
    assert node.ask("GET", f"{TWILIO}/Calls", account=None).status_code == 401
