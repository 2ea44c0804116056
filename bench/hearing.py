"""(i) How soon a voice silences a prompt: from the packet in which the voice begins to the last packet of the prompt, on real sockets.

Twenty legs at a time, each with another recorded clip of ``tests/data/speech``. Less than half a minute.
"""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path
from typing import cast

from bench import measuring
from offhook.media.commands import Codec, Tone
from offhook.media.events import VOICE
from offhook.media.native import NativeEngine
from offhook.media.session import Sessions
from offhook.media.settings import MediaSettings
from offhook.media.voice import Voice

CLIPS = Path(__file__).parents[1] / "tests" / "data" / "speech"
AT_ONCE = 20
LEAD = 1.0
"""Seconds of silence before the voice."""
FRAME = 160
MARK = 250.0
PROMPT = Tone(frequencies=(600.0, 970.0), on=30_000, level=-16.0)


class Caller(asyncio.DatagramProtocol):
    """Sends a clip (PCMU) after a second of silence, and notes when packets come."""

    def __init__(self, codes: bytes) -> None:
        self._codes = b"\xff" * round(8000 * LEAD) + codes + b"\xff" * 8000
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self.last = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        if len(data) > FRAME:
            self.last = self._loop.time()

    async def talk(self, to: tuple[str, int]) -> float:
        """Say it all; returns when the first packet was due."""
        assert self._transport is not None
        began = self._loop.time()
        for number in range(len(self._codes) // FRAME):
            header = b"\x80\x00" + number.to_bytes(2) + (FRAME * number).to_bytes(4) + b"\x00\x00\x00\x07"
            self._transport.sendto(header + self._codes[FRAME * number : FRAME * (number + 1)], to)
            await asyncio.sleep(began + 0.02 * (number + 1) - self._loop.time())
        return began

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def onset(codes: bytes) -> float:
    """Seconds until the clip is first within 20 dB of its loudest 10 ms."""
    powers = [sum(_sample(code) ** 2 for code in codes[start : start + 80]) for start in range(0, len(codes) - 79, 80)]
    return next(index for index, power in enumerate(powers) if power > max(powers) / 100) / 100


def _sample(code: int) -> int:
    """ITU-T G.711, mu-law."""
    turned = ~code & 0xFF
    magnitude = ((turned & 0x0F) << 3) + 0x84 << (turned >> 4 & 7)
    return (0x84 - magnitude) if turned & 0x80 else (magnitude - 0x84)


async def one(sessions: Sessions, codes: bytes) -> float | None:
    """Milliseconds from the voice to silence; None when it was not heard."""
    session = sessions.create()
    local = await session.open("127.0.0.1")
    transport, caller = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Caller(codes), ("127.0.0.1", 0)
    )
    remote = transport.get_extra_info("sockname")[:2]
    await session.connect(remote=remote, codec=Codec.PCMU, payload_type=0, dtmf_payload_type=101)
    playing = session.start_play(PROMPT, stop_on_voice=Voice())
    try:
        began = await caller.talk((local.host, local.port))
        stopped = playing.ended and (await playing.result()).stopped_by == VOICE
    finally:
        caller.close()
        await session.close()
    return 1000 * (caller.last - began - LEAD - onset(codes)) if stopped else None


async def measure() -> list[float | None]:
    """Every clip once."""
    clips = [path.read_bytes().partition(b"data")[2][4:] for path in sorted(CLIPS.glob("*.wav"))]
    sessions = Sessions(NativeEngine(MediaSettings(port_low=24_000, port_high=25_999, shards=1, keepalive=0)))
    delays: list[float | None] = []
    try:
        for start in range(0, len(clips), AT_ONCE):
            delays += await asyncio.gather(*(one(sessions, codes) for codes in clips[start : start + AT_ONCE]))
    finally:
        await sessions.close()
    return delays


def main() -> None:
    delays = asyncio.run(measure())
    heard = sorted(delay for delay in delays if delay is not None)
    print(measuring.conditions())
    p50, p95 = statistics.median(heard), heard[min(len(heard) - 1, len(heard) * 95 // 100)]
    verdict = "reached" if p95 <= MARK and len(heard) == len(delays) else "MISSED"
    print(f"(i) from a voice to the prompt's silence: p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {heard[-1]:.0f} ms,")
    print(f"    {len(heard)} of {len(delays)} clips heard; mark: p95 {MARK:.0f} ms: {verdict}")


if __name__ == "__main__":
    main()
