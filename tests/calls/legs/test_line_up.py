from __future__ import annotations

import asyncio

from tests.calls.legs.nodes import phone, two, until


def test_what_was_put_together_carries_a_call_over_both_transports() -> None:
    async def main() -> None:
        async with two() as (near, far):
            callers = [phone(near, far.uri("1000", transport)) for transport in ("udp", "tcp")]
            for caller in callers:
                await caller.leg.invite()
            await until(lambda: all("LegAnswered" in caller.names for caller in callers))
            assert len(far.board) == 2
            for caller in callers:
                caller.leg.drop()

    asyncio.run(main())
