"""A sound on its way from an application's server: heard while it comes, and kept when all of it came."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from offhook.media.commands import AudioData
from offhook.outbound.http import OutboundError
from offhook.outbound.streaming import HttpStream
from offhook.rcml.errors import Code, VerbFailed

SHORT: Final = 262_144
"""Bytes up to which a sound is fetched before it is played."""


class Download:
    """One response. It is read once, by ``pieces`` or ``whole``, and must be closed."""

    def __init__(self, response: HttpStream, *, name: str, limit: int, keep: Callable[[bytes], None]) -> None:
        self.name = name
        self.stated = response.content_type
        self.closed = False
        self._response = response
        self._limit = limit
        self._keep = keep

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Raises ``VerbFailed`` where it breaks off."""
        parts: list[bytes] | None = []
        size = 0
        try:
            async with aclosing(self._response.pieces()) as pieces:
                async for piece in pieces:
                    size += len(piece)
                    if size > self._limit:
                        parts = None  # too much to be kept
                    if parts is not None:
                        parts.append(piece)
                    yield piece
        except OutboundError as failure:
            raise unavailable(self.name, failure) from failure
        finally:
            self.close()
        if parts is not None:
            self._keep(b"".join(parts))

    async def whole(self) -> AudioData:
        """All of it. Raises ``VerbFailed``, also when it is larger than ``limit``."""
        parts: list[bytes] = []
        size = 0
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                size += len(piece)
                if size > self._limit:
                    raise unavailable(self.name, f"to be repeated it must have an end within {self._limit} bytes")
                parts.append(piece)
        return AudioData(data=b"".join(parts), name=self.name, stated=self.stated)

    def close(self) -> None:
        """Let the connection go."""
        self.closed = True
        self._response.close()


def unavailable(url: str, why: object) -> VerbFailed:
    """What a verb fails with when a sound cannot be fetched."""
    return VerbFailed(f"the sound file {url} could not be fetched: {why}", Code.AUDIO_UNAVAILABLE)
