"""A response whose body is still to come: read piece by piece, and gone on with where it broke off.

A body of known length with a validator is asked for again from where it broke off (RFC 9110 sections 13.1.5 and 14.2); one that
has no end, such as a radio station's, ends there.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Final

import aiohttp

from offhook.outbound.http import OutboundError, OutboundFault

RESUMPTIONS: Final = 3
"""Times in a row that a body is asked for again without a byte more."""
_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-")
Again = Callable[[Mapping[str, str]], Awaitable[aiohttp.ClientResponse]]


class HttpStream:
    """Status and headers of a response, and its body as it comes. ``close`` it, read to its end or not."""

    def __init__(
        self,
        answer: aiohttp.ClientResponse,
        *,
        url: str,
        origin: str,
        again: Again,
        explained: Callable[[Exception], OutboundError],
    ) -> None:
        self.url = url
        """Of the last request, without credentials."""
        self.status = answer.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in answer.headers.items()}
        """Names in lower case."""
        self._answer = answer
        self._origin = origin
        self._again = again
        self._explained = explained

    @property
    def content_type(self) -> str:
        """Media type without parameters, lower case; empty when absent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def length(self) -> int | None:
        """Bytes of the body; None when the server does not say."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body, once. Raises ``OutboundError`` where it breaks off for good; nothing is kept, so a slow reader slows the
        server down.
        """
        received = resumed = 0
        while True:
            try:
                async for piece in self._answer.content.iter_any():
                    received += len(piece)
                    resumed = 0
                    yield piece
                if self.length is None or received >= self.length:
                    return
                failure = OutboundError(OutboundFault.PROTOCOL, f"{self._origin} broke off after {received} bytes.")
            except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
                failure = self._explained(error)
            if resumed == RESUMPTIONS or not await self._resumed(received):
                raise failure
            resumed += 1

    def close(self) -> None:
        """Let the connection go."""
        self._answer.close()

    async def _resumed(self, received: int) -> bool:
        """Ask for the rest of the same body; False where that cannot be."""
        validator = self.headers.get("etag", "") or self.headers.get("last-modified", "")
        if self.length is None or not validator or validator.startswith("W/"):
            return False
        self._answer.close()
        try:
            self._answer = await self._again({"Range": f"bytes={received}-", "If-Range": validator})
        except OutboundError:
            return False
        begins = _RANGE.match(self._answer.headers.get("Content-Range", ""))
        return self._answer.status == 206 and begins is not None and int(begins[1]) == received
