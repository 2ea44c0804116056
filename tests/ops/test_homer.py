from __future__ import annotations

import asyncio
import socket

import pytest

from offhook.ops.homer import Homer
from offhook.sip.flow import HostPort
from offhook.sip.settings import SipSettings
from offhook.vocabulary.clock import FrozenClock
from tests.sip.capture.messages import CALLER, request, response
from tests.sip.capture.test_hep import chunks


def test_every_message_arrives_at_the_collector_masked_and_in_order() -> None:
    async def main() -> list[dict[int, bytes]]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
            collector.bind(("127.0.0.1", 0))
            collector.settimeout(5)
            homer = Homer(collector.getsockname(), SipSettings(hep_id=7), clock=FrozenClock())
            homer.local_address = lambda peer: HostPort("192.0.2.1", 5060)
            authorization = 'Digest username="ann", response="6629fae4"'
            homer.received(request("REGISTER", Authorization=authorization), CALLER)
            homer.sent(response("200 OK", "REGISTER"), CALLER)
            for _ in range(100):
                homer.sent(response("200 OK", "REGISTER"), CALLER)
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(homer.run())
                found = [chunks(await asyncio.to_thread(collector.recv, 65_535)) for _ in range(102)]
                sending.cancel()
            assert homer.dropped == 0
            return found

    first, second, *_ = asyncio.run(main())
    assert first[15].startswith(b"REGISTER ")
    assert b"6629fae4" not in first[15]
    assert (first[3], second[3], first[12]) == (bytes([198, 51, 100, 7]), bytes([192, 0, 2, 1]), b"\0\0\0\x07")


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Events that were logged, whatever other tests did to the log."""
    events: list[str] = []

    class Log:
        def warning(self, event: str, **_: object) -> None:
            events.append(event)

    monkeypatch.setattr("offhook.ops.homer.log", Log())
    return events


def test_when_too_many_wait_the_oldest_is_dropped_and_counted(logged: list[str]) -> None:
    homer = Homer(("127.0.0.1", 9060), SipSettings(hep_backlog=2), clock=FrozenClock())
    for _ in range(5):
        homer.received(request("OPTIONS"), CALLER)
    assert homer.dropped == 3
    assert logged == ["hep_messages_dropped"]


def test_a_collector_that_cannot_be_found_is_told_and_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> None:
    async def main() -> None:
        homer = Homer(("collector.invalid", 9060), SipSettings(), clock=FrozenClock())
        loop = asyncio.get_running_loop()
        tried = asyncio.Event()

        async def refuse(*_: object, **__: object) -> None:
            if logged:
                tried.set()
            raise OSError("no such name")

        monkeypatch.setattr(loop, "getaddrinfo", refuse)
        monkeypatch.setattr("offhook.ops.homer._RETRY", 0.0)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(homer.run())
            async with asyncio.timeout(5):
                await tried.wait()
            running.cancel()

    asyncio.run(main())
    assert set(logged) == {"hep_collector_not_found"}
