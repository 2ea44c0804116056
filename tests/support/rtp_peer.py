"""A telephone's audio on a real UDP socket: sends G.711 every 20 ms and RFC 4733 keys, and keeps what it hears.

Like a plain phone it sends all the time, silence too. It has no jitter buffer: it writes each packet where its
timestamp belongs.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, cast

import numpy as np

from tests.support import g711
from tests.support.g711 import Samples
from tests.support.srtp import Protection

RATE = 8000
FRAME = 160
TICK = 0.02
KEYS = "0123456789*#ABCD"
PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8, "L16/16000": 97}
WIDE = "L16/16000"
"""Bare samples at twice the rate; what it says has no more in it, and of what it hears it takes every other sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """An RTP packet that came."""

    at: float
    """Seconds of the loop's clock."""
    source: tuple[str, int]
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parsed(data: bytes, source: tuple[str, int], at: float) -> Packet | None:
    """An RTP packet without extensions' contents; None when it is none."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    flags, kind, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
    start = 12 + 4 * (flags & 0x0F)
    if flags & 0x10:
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    return Packet(
        at=at,
        source=source,
        payload_type=kind & 0x7F,
        marker=bool(kind & 0x80),
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=data[start:],
    )


class RtpPeer(asyncio.DatagramProtocol):
    """``async with RtpPeer.open() as peer``; ``talk_to`` starts it."""

    def __init__(self, codec: str = "PCMU", keys_payload_type: int | None = 101) -> None:
        self.codec = codec
        self.keys_payload_type = keys_payload_type
        self.packets: list[Packet] = []
        self.sent = 0
        self.protection: Protection | None = None
        """Enciphers what it sends and hears."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._remote: tuple[str, int] | None = None
        self._began = self._loop.time()
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._frames: deque[Callable[[], None]] = deque()
        self._sequence = 1000
        self._timestamp = 50_000
        self._ssrc = 0x5EED

    @classmethod
    async def open(cls, codec: str = "PCMU", keys_payload_type: int | None = 101, host: str = "127.0.0.1") -> Self:
        """Bind a port of the kernel's choice."""
        loop = asyncio.get_running_loop()
        _, peer = await loop.create_datagram_endpoint(lambda: cls(codec, keys_payload_type), (host, 0))
        return peer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        await asyncio.sleep(0)  # the loop closes a transport's socket in its next round

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    @property
    def payload_type(self) -> int:
        return PAYLOAD_TYPES[self.codec]

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def talk_to(self, remote: tuple[str, int], *, silent: bool = False) -> None:
        """Send there from now on; ``silent`` sends nothing until it has something to say."""
        self._remote = remote
        self._silent = silent
        self._began = self._next = self._loop.time()
        if self._timer is None:
            self._tick()

    async def say(self, sound: bytes) -> None:
        """Send 16-bit samples at 8 kHz in real time; returns with the last packet."""
        samples = np.frombuffer(sound, np.int16)
        for start in range(0, len(samples), FRAME):
            frame = np.zeros(FRAME, np.int16)
            frame[: len(samples[start : start + FRAME])] = samples[start : start + FRAME]
            self._frames.append(lambda frame=frame: self._send_audio(frame))  # type: ignore[misc]
        await self._said()

    async def press(self, keys: str, *, lossy: bool = False, milliseconds: int = 100) -> None:
        """Send keys by RFC 4733, 60 ms apart; ``lossy`` loses the first packet of each and two of the three last ones."""
        for key in keys:
            updates = max(1, milliseconds // 20)
            for step in range(updates + 3):
                lost = lossy and (step == 0 or step > updates)
                duration = FRAME * min(step + 1, updates)
                self._frames.append(
                    lambda key=key, step=step, duration=duration, last=step >= updates, lost=lost: self._send_key(  # type: ignore[misc]
                        key, step, duration, last=last, lost=lost
                    )
                )
            silence = np.zeros(FRAME, np.int16)
            for _ in range(3):
                self._frames.append(lambda: self._send_audio(silence))
        await self._said()

    def heard(self) -> Samples:
        """All audio since ``talk_to``, silence where nothing came; a new stream starts where its first packet came."""
        out = np.zeros(max(0, round((self._loop.time() - self._began) * RATE)), np.int16)
        stream: tuple[int, int] | None = None
        for packet in self.packets:
            if packet.payload_type not in PAYLOAD_TYPES.values():
                continue
            codec = next(name for name, number in PAYLOAD_TYPES.items() if number == packet.payload_type)
            pace = 2 if codec == WIDE else 1
            arrival = round((packet.at - self._began) * RATE)
            place = 0
            if stream is not None and stream[0] == packet.ssrc:
                place = ((packet.timestamp - stream[1]) & 0xFFFFFFFF) // pace
            if stream is None or stream[0] != packet.ssrc or abs(place - arrival) > RATE:
                stream = (packet.ssrc, (packet.timestamp - arrival * pace) & 0xFFFFFFFF)
                place = arrival
            wide = codec == WIDE
            audio = (
                np.frombuffer(packet.payload, ">i2")[::2].astype(np.int16)
                if wide
                else g711.decode(packet.payload, codec)
            )
            if 0 <= place < len(out):
                out[place : place + len(audio)] = audio[: len(out) - place]
        return out

    @property
    def keys(self) -> str:
        """Keys that came by RFC 4733, each event once."""
        events: dict[tuple[int, int], str] = {}
        for packet in self.packets:
            if packet.payload_type == self.keys_payload_type and len(packet.payload) >= 4 and packet.payload[0] < 16:
                events.setdefault((packet.ssrc, packet.timestamp), KEYS[packet.payload[0]])
        return "".join(events.values())

    # the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.protection is not None:
            data = self.protection.open(data)
        packet = parsed(data, addr, self._loop.time())
        if packet is not None:
            self.packets.append(packet)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there (any more): a phone goes on talking."""

    # the tick

    def _tick(self) -> None:
        if self._frames:
            self._frames.popleft()()
        elif not self._silent:
            self._send_audio(np.zeros(FRAME, np.int16))
        self._timestamp += FRAME
        self._next += TICK
        self._timer = self._loop.call_at(self._next, self._tick)

    async def _said(self) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        if self._frames:
            last = self._frames.pop()

            def send_last() -> None:
                last()
                if not done.done():
                    done.set_result(None)

            self._frames.append(send_last)
            await done

    def _send_audio(self, frame: Samples) -> None:
        if self.codec == WIDE:
            self._send(self.payload_type, 2 * self._timestamp, np.repeat(frame, 2).astype(">i2").tobytes())
        else:
            self._send(self.payload_type, self._timestamp, g711.encode(frame, self.codec))

    def _send_key(self, key: str, step: int, duration: int, *, last: bool, lost: bool) -> None:
        assert self.keys_payload_type is not None
        payload = struct.pack("!BBH", KEYS.index(key), (0x80 if last else 0) | 10, duration)
        began = self._timestamp - step * FRAME
        self._send(self.keys_payload_type, began, payload, marker=step == 0, lost=lost)

    def _send(self, kind: int, timestamp: int, payload: bytes, *, marker: bool = False, lost: bool = False) -> None:
        self._sequence = self._sequence + 1 & 0xFFFF
        header = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if marker else 0), self._sequence, timestamp & 0xFFFFFFFF, self._ssrc
        )
        if self._transport is not None and self._remote is not None and not lost:
            packet = header + payload
            self._transport.sendto(packet if self.protection is None else self.protection.seal(packet), self._remote)
            self.sent += 1
