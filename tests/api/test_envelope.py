from __future__ import annotations

import asyncio
from pathlib import Path

from offhook.api.settings import ApiSettings
from tests.support.api_node import (
    TWILIO,
    ApiNode,
    api_node,
)


def test_every_answer_carries_security_headers_and_an_id_but_no_banner(node: ApiNode) -> None:
    for path in (f"{TWILIO}/Calls.json", "/docs", "/nowhere"):
        headers = node.ask("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert len(headers["x-request-id"]) == 16
        assert "server" not in headers


def test_a_body_that_is_too_large_is_refused(node: ApiNode) -> None:
    large = "x" * (node.ports.settings.body_limit + 1)
    stay = {"Connection": "keep-alive", "Content-Type": "application/x-www-form-urlencoded"}
    assert node.ask("POST", f"{TWILIO}/Calls.json", data={"Twiml": large}, headers=stay).status_code == 413
    pieces = (b"x" * 65536 for _ in range(40))
    assert node.ask("POST", f"{TWILIO}/Calls.json", data=pieces, headers=stay).status_code == 413


def test_an_error_on_our_side_tells_only_where_to_look(fresh: ApiNode) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    fresh.calls.place = broken  # type: ignore[method-assign, assignment]
    answer = fresh.ask("POST", f"{TWILIO}/Calls.json", data={"To": "1", "From": "2", "Twiml": "<Response/>"})
    assert (answer.status_code, answer.json()["code"]) == (500, 20500)
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["message"]


def test_a_database_that_is_away_is_told_as_such(fresh: ApiNode) -> None:
    async def busy() -> None:
        raise TimeoutError

    fresh.ports.events.settled = busy  # type: ignore[method-assign]
    answer = fresh.ask("GET", f"{TWILIO}/Calls.json")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_a_request_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    with api_node(tmp_path, settings=ApiSettings(port=0, request_timeout=0.1)) as node:
        node.ports.events.settled = never  # type: ignore[method-assign]
        answer = node.ask("GET", f"{TWILIO}/Calls.json")
        assert (answer.status_code, answer.json()["code"]) == (503, 20503)
