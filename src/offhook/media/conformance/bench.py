"""What the tests of an engine work with: sessions, far ends, a clock's tolerance, and an ear for tones."""

from __future__ import annotations

import asyncio
import math
from abc import abstractmethod
from array import array
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from offhook.media.commands import Codec, Direction
from offhook.media.engine import Engine
from offhook.media.operation import MediaClosed, MediaFailed
from offhook.media.session import MediaSession, Sessions
from offhook.media.srtp import Security
from offhook.media.wav import RATE, Wave, pcm_bytes, read_wav

PER_MS = RATE // 1000
CLEAR = -25.0
"""dBm0: a tone sent at -12 dBm0 that is heard above this has come through."""
GONE = -45.0
"""dBm0: what is left of a tone that has stopped."""


class FarEnd(Protocol):
    """The other side of one session."""

    async def connect(
        self,
        session: MediaSession,
        *,
        keys: bool = True,
        inband: bool = False,
        direction: Direction = Direction.SENDRECV,
        security: Security | None = None,
        codec: Codec = Codec.PCMU,
    ) -> None:
        """Open the session and let both know where the other is, with telephone-events if ``keys``;
        the session listens for keys as tones if ``inband``.

        ``security`` is the session's; the far end uses its keys the other way round. ``codec`` is PCMU or L16/16000.
        """
        ...

    async def say(self, sound: bytes) -> None:
        """Send 16-bit samples at 8 kHz as they would be spoken; returns when they have been."""
        ...

    async def press(self, keys: str, *, lossy: bool = False) -> None:
        """Send RFC 4733 events, 100 ms each; ``lossy`` loses the first packet and two of the three last ones."""
        ...

    def heard(self) -> array[int]:
        """Everything since it was connected, at 8 kHz, silence where nothing came."""
        ...

    @property
    def keys(self) -> str:
        """Keys that came as RFC 4733 events."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a test works with."""

    engine: Engine
    sessions: Sessions
    far_end: Callable[[], FarEnd]
    directory: Path

    async def line(
        self,
        *,
        keys: bool = True,
        inband: bool = False,
        security: Security | None = None,
        codec: Codec = Codec.PCMU,
    ) -> tuple[MediaSession, FarEnd]:
        """A session that is connected to a far end."""
        session, far = self.sessions.create(), self.far_end()
        await far.connect(session, keys=keys, inband=inband, security=security, codec=codec)
        return session, far


def scenario(body: Callable[[Any, Bench], Awaitable[None]]) -> Callable[[Any], None]:
    """Make a test method of a coroutine that needs a bench."""

    def test(self: Suite) -> None:
        async def main(bench: Bench) -> None:
            async with asyncio.timeout(20):
                await body(self, bench)

        self.run(main)

    test.__name__ = body.__name__
    test.__doc__ = body.__doc__
    return test


def tone(hertz: float | tuple[float, ...], milliseconds: int) -> bytes:
    """Samples of sines at -12 dBm0 each."""
    peak = 32_767 * 10 ** (-15.14 / 20)
    steps = [math.tau * each / RATE for each in (hertz if isinstance(hertz, tuple) else (hertz,))]
    samples = (round(peak * sum(math.sin(step * index) for step in steps)) for index in range(milliseconds * PER_MS))
    return pcm_bytes(array("h", samples))


def silence(milliseconds: int) -> bytes:
    """So much of nothing."""
    return bytes(2 * milliseconds * PER_MS)


def level(samples: Sequence[int], hertz: float) -> float:
    """dBm0 of one frequency over all of ``samples`` (Goertzel's algorithm)."""
    if not samples:
        return -99.0
    turn = 2 * math.cos(math.tau * hertz / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    power = max(0.0, last * last + before * before - turn * last * before)
    amplitude = 2 * math.sqrt(power) / len(samples)
    return 20 * math.log10(max(amplitude, 0.01) / 32_767) + 3.14


def presence(samples: Sequence[int], hertz: float) -> int:
    """For how many milliseconds a frequency is there, counted in frames of 20 ms."""
    frame = 20 * PER_MS
    starts = range(0, len(samples) - frame + 1, frame)
    return 20 * sum(level(samples[start : start + frame], hertz) > CLEAR for start in starts)


def wave(path: str | Path) -> Wave:
    """A recording."""
    return read_wav(Path(path).read_bytes())


class Suite:
    """A part of the suite. Every test ends with nothing left in the sessions."""

    tolerance = 60
    """Milliseconds by which an event may come late, or audio be shorter or longer."""

    @abstractmethod
    def run(self, main: Callable[[Bench], Awaitable[None]]) -> None:
        """Run ``main`` with a fresh bench on a loop; afterwards close all sessions and check that none is left."""

    def near(self, value: float, wanted: float, slack: float | None = None) -> bool:
        return abs(value - wanted) <= (self.tolerance if slack is None else slack)


async def outcome(awaitable: Awaitable[object]) -> object:
    try:
        return await awaitable
    except MediaFailed as error:
        return error


async def failure(awaitable: Awaitable[object]) -> str:
    """The reason why something failed, which it must."""
    end = await outcome(awaitable)
    assert isinstance(end, MediaFailed), f"it did not fail but gave {end!r}"
    assert not isinstance(end, MediaClosed)
    return str(end)
