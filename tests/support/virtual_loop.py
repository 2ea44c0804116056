"""An event loop whose clock jumps to the next timer when nothing is ready: half an hour of telephony takes milliseconds.

Threads of the loop's executor are waited for in real time; sockets are refused, for nobody would wait for them.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

START = 1_000.0
"""What a new loop's clock shows, in seconds; not 0, so that nobody mistakes a time for none."""
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""Wall time at ``START``."""
EXECUTOR_PATIENCE = 10.0
"""Real seconds to wait for a thread."""


class Leaked(AssertionError):
    """Something was still there when the test's coroutine had ended."""


class Stuck(AssertionError):
    """The test's coroutine still waited for something when its (virtual) time was up."""


class _Jump(selectors.DefaultSelector):
    """A selector that, instead of waiting, moves the clock by the time it would have waited."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self._loop.threads_at_work:
            return super().select(EXECUTOR_PATIENCE)
        if timeout is None:
            if ready := super().select(
                EXECUTOR_PATIENCE
            ):  # a thread, such as the one that joins the executor at the end
                return ready
            raise Stuck("nothing is scheduled and nothing is ready: everybody waits for everybody")
        self._loop.jump(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop itself; ``run`` is the usual way in."""

    def __init__(self) -> None:
        self._virtual_now = START
        self.threads_at_work = 0
        self.complaints: list[str] = []
        super().__init__(_Jump(self))
        self.set_exception_handler(self._complain)

    def time(self) -> float:
        return self._virtual_now

    def jump(self, seconds: float) -> None:
        """Move the clock; what became due runs next."""
        self._virtual_now += seconds

    def timers(self) -> list[asyncio.TimerHandle]:
        """Timers that would still fire."""
        return [timer for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self.threads_at_work += 1
        future.add_done_callback(self._thread_returned)
        return future

    def _thread_returned(self, _: asyncio.Future[Any]) -> None:
        self.threads_at_work -= 1

    def _complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.complaints.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _no_sockets(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError("virtual time has no sockets: use a fake, or asyncio.run")

    create_connection = _no_sockets
    create_datagram_endpoint = _no_sockets
    create_server = _no_sockets
    create_unix_connection = _no_sockets
    create_unix_server = _no_sockets
    subprocess_exec = _no_sockets
    subprocess_shell = _no_sockets


class VirtualClock:
    """The loop's time as the ``Clock`` port."""

    def utc(self) -> datetime:
        return EPOCH + timedelta(seconds=self.monotonic() - START)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


def run(main: Coroutine[Any, Any, T], *, timeout: float = 3_600.0, timers_may_remain: bool = False) -> T:
    """Run ``main`` in virtual time, for at most ``timeout`` virtual seconds.

    Fails when a task, an unhandled exception or (unless ``timers_may_remain``) a timer is left behind.
    """
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(_watched(main, loop, timeout, timers_may_remain=timers_may_remain))


async def settle(rounds: int = 10) -> None:
    """Let everything that is ready run, without moving the clock."""
    for _ in range(rounds):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool], *, within: float = 60.0) -> None:
    """Let (virtual) time pass until ``condition`` holds; fails after ``within`` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while not condition():
        if loop.time() >= end:
            raise AssertionError(f"it did not happen within {within:g} s")
        await asyncio.sleep(0.01)


async def _watched(main: Awaitable[T], loop: VirtualLoop, limit: float, *, timers_may_remain: bool) -> T:
    stuck: list[str] = []
    deadline = asyncio.timeout(limit)
    try:
        async with deadline:
            look = loop.call_at(loop.time() + limit - 1e-6, lambda: stuck.extend(map(_where, asyncio.all_tasks(loop))))
            try:
                result = await main
            finally:
                look.cancel()
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise Stuck(f"still waiting after {limit:g} virtual seconds:\n  " + "\n  ".join(stuck)) from error
    await settle()
    left = [_where(task) for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    if left:
        raise Leaked("tasks were left behind:\n  " + "\n  ".join(left))
    if loop.complaints:
        raise Leaked("nobody handled:\n  " + "\n  ".join(loop.complaints))
    if not timers_may_remain and (timers := loop.timers()):
        raise Leaked("timers were left behind:\n  " + "\n  ".join(map(repr, timers)))
    return result


def _where(task: asyncio.Task[Any]) -> str:
    """The task, and the lines it waits at, outermost first (the standard library's left out)."""
    places: list[str] = []
    waiting: Any = task.get_coro()
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "ag_frame", None)
        if frame is not None and "/asyncio/" not in frame.f_code.co_filename:
            places.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "ag_await", None)
    return f"{task.get_name()} at {' > '.join(places) or 'nowhere'}"
