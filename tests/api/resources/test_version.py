from __future__ import annotations

from tests.support.api_node import RESTCOMM, ApiNode


def test_the_version_is_told(node: ApiNode) -> None:
    assert node.ask("GET", f"{RESTCOMM}/Version.json").json()["version"] == "1.2.3"
