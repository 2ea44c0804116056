"""Passwords of people: argon2id (RFC 9106), computed in threads because one hash takes tens of milliseconds."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from offhook.security.settings import PasswordSettings


class Passwords:
    """Hashes and checks. At most ``at_once`` at a time, so that a flood of log-ins cannot take all memory."""

    def __init__(self, settings: PasswordSettings | None = None) -> None:
        self._settings = settings or PasswordSettings()
        self._hasher = PasswordHasher(
            time_cost=self._settings.passes, memory_cost=self._settings.memory, parallelism=self._settings.lanes
        )
        self._slots = asyncio.Semaphore(self._settings.at_once)

    async def hash(self, password: str) -> str:
        """The hash to keep, with its salt and cost inside. Raises ``TimeoutError`` under a flood."""
        async with asyncio.timeout(self._settings.wait), self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, kept: str, password: str) -> bool:
        """Whether ``password`` belongs to the hash ``kept``. Raises ``TimeoutError`` under a flood."""
        async with asyncio.timeout(self._settings.wait), self._slots:
            return await asyncio.to_thread(self._verify, kept, password)

    def outdated(self, kept: str) -> bool:
        """Whether the hash was made at another cost and should be made anew at the next log-in."""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
