from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

from offhook.ops.signalling import SignallingWatch
from offhook.sip.flow import HostPort
from offhook.sip.settings import SipSettings
from offhook.vocabulary.clock import FrozenClock
from tests.sip.capture.messages import CALLER, request, response
from tests.sip.capture.test_hep import chunks
from tests.support.facts import call, created


def test_without_a_collector_only_ladders_are_kept() -> None:
    watch = SignallingWatch(SipSettings(), clock=FrozenClock())
    asyncio.run(asyncio.wait_for(watch.run(lambda _peer: HostPort("192.0.2.1", 5060)), 1))
    watch.received(request("INVITE"), CALLER)
    watch.sent(response("100 Trying"), CALLER)
    facts = replace(call(), sip_call_id="one@x")
    watch.ladders.hear(created(facts))
    ladder = watch.ladders.of(facts)
    assert ladder is not None
    assert [str(message.source) for message in ladder.messages] == ["198.51.100.7:5062", "192.0.2.1:5060"]


def test_with_a_collector_both_hear_the_same() -> None:
    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
            collector.bind(("127.0.0.1", 0))
            collector.settimeout(5)
            watch = SignallingWatch(SipSettings(hep=collector.getsockname()), clock=FrozenClock())
            watch.received(request("INVITE"), CALLER)
            watch.sent(response("100 Trying"), CALLER)
            assert watch.ladders.memory > 0
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(watch.run(lambda _peer: HostPort("192.0.2.1", 5060)))
                for start in (b"INVITE", b"SIP/2.0 100"):
                    data = await asyncio.to_thread(collector.recv, 65_535)
                    assert chunks(data)[15].startswith(start)
                running.cancel()

    asyncio.run(main())
