"""The bench of the media conformance suite for an engine with real sockets: its far ends are phones on loopback."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Awaitable, Callable
from pathlib import Path

from offhook.media.commands import Codec, Direction
from offhook.media.conformance import Bench
from offhook.media.engine import Engine
from offhook.media.session import MediaSession, Sessions
from offhook.media.srtp import Security
from tests.support.rtp_peer import RtpPeer
from tests.support.srtp import Protection


class Phone:
    """A far end with a socket."""

    def __init__(self) -> None:
        self._peer: RtpPeer | None = None

    @property
    def peer(self) -> RtpPeer:
        assert self._peer is not None, "not connected"
        return self._peer

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
        local = await session.open("127.0.0.1")
        self._peer = peer = await RtpPeer.open(codec.value, 101 if keys else None)
        await session.connect(
            remote=peer.address,
            codec=codec,
            payload_type=peer.payload_type,
            dtmf_payload_type=peer.keys_payload_type,
            inband_dtmf=inband,
            direction=direction,
            security=security,
        )
        peer.protection = None if security is None else Protection(security)
        peer.talk_to((local.host, local.port))

    async def say(self, sound: bytes) -> None:
        await self.peer.say(sound)

    async def press(self, keys: str, *, lossy: bool = False) -> None:
        await self.peer.press(keys, lossy=lossy)

    def heard(self) -> array[int]:
        return array("h", self.peer.heard().tobytes())

    @property
    def keys(self) -> str:
        return self.peer.keys

    def close(self) -> None:
        if self._peer is not None:
            self._peer.close()


def run_on_sockets(engine: Callable[[], Engine], main: Callable[[Bench], Awaitable[None]], directory: Path) -> None:
    """Run one scenario in real time with a fresh engine, and check that nothing is left in the sessions."""

    async def bench() -> None:
        phones: list[Phone] = []

        def far_end() -> Phone:
            phones.append(Phone())
            return phones[-1]

        under_test = engine()
        sessions = Sessions(under_test)
        try:
            await main(Bench(engine=under_test, sessions=sessions, far_end=far_end, directory=directory))
        finally:
            await sessions.close()
            for phone in phones:
                phone.close()
            await asyncio.sleep(0)
        assert sessions.idle

    asyncio.run(bench())
