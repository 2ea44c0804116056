from __future__ import annotations

import asyncio
import time

import pytest

from tests.support.virtual_loop import Leaked, Stuck, VirtualClock, run, settle, until


def test_an_hour_of_sleep_takes_no_time():
    async def main():
        before = asyncio.get_running_loop().time()
        await asyncio.sleep(3_599)
        return asyncio.get_running_loop().time() - before

    started = time.monotonic()
    assert run(main()) == pytest.approx(3_599)
    assert time.monotonic() - started < 1.0


def test_sleepers_wake_in_the_order_of_their_timers():
    woken = []

    async def sleeper(seconds):
        await asyncio.sleep(seconds)
        woken.append(seconds)

    async def main():
        async with asyncio.TaskGroup() as group:
            for seconds in (3, 1, 2):
                group.create_task(sleeper(seconds))

    run(main())
    assert woken == [1, 2, 3]


def test_the_clock_stands_still_while_a_thread_works():
    async def main():
        before = asyncio.get_running_loop().time()
        await asyncio.wait_for(asyncio.to_thread(time.sleep, 0.05), 0.01 + 1)
        return asyncio.get_running_loop().time() - before

    assert run(main()) == 0


def test_a_task_left_behind_fails_the_test():
    kept = []

    async def main():
        kept.append(asyncio.get_running_loop().create_task(asyncio.sleep(5)))

    with pytest.raises(Leaked, match="tasks were left"):
        run(main())


def test_a_timer_left_behind_fails_the_test_unless_allowed():
    async def main():
        asyncio.get_running_loop().call_later(5, print)

    with pytest.raises(Leaked, match="timers"):
        run(main())
    run(main(), timers_may_remain=True)


def test_an_exception_in_a_callback_fails_the_test():
    async def main():
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await settle()

    with pytest.raises(Leaked, match="ZeroDivisionError"):
        run(main())


def test_waiting_for_ever_names_the_place():
    async def main():
        await asyncio.Event().wait()

    with pytest.raises(Stuck, match=r"test_virtual_loop\.py"):
        run(main(), timeout=60)


def test_a_timeout_of_the_test_itself_stays_a_timeout():
    async def main():
        async with asyncio.timeout(1):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run(main(), timeout=60)


def test_sockets_are_refused():
    async def main():
        await asyncio.open_connection("127.0.0.1", 9)

    with pytest.raises(RuntimeError, match="no sockets"):
        run(main())


def test_the_clock_port_follows_the_loop():
    async def main():
        clock = VirtualClock()
        before = clock.utc()
        await asyncio.sleep(90)
        return (clock.utc() - before).total_seconds()

    assert run(main()) == 90


def test_until_gives_up():
    with pytest.raises(AssertionError, match="did not happen"):
        run(until(lambda: False, within=5))
