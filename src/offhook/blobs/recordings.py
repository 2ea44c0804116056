"""Recordings on disk: one file each, in a folder per day; the path follows from the sid, which holds the time."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from offhook.vocabulary.sids import is_sid

EXTENSIONS: Final = ("wav", "ogg", "mp3")


class RecordingFiles:
    """The files below one folder. Nobody but the server's user may read them (0700, 0600)."""

    def __init__(self, root: Path, extension: str = "wav") -> None:
        """``extension`` is that of new ones: how they are written."""
        self._root = root
        self._extension = extension

    def path(self, sid: str, extension: str = "wav") -> Path:
        """Where the recording lies or will lie. Raises ``ValueError`` for what is no sid of a recording."""
        if not is_sid(sid, "recording"):
            raise ValueError(f"{sid[:40]!r} is not the sid of a recording")
        day = datetime.fromtimestamp(int(sid[2:14], 16) % 253_402_300_800_000 / 1000, UTC)
        return self._root / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}" / f"{sid}.{extension}"

    def reserve(self, sid: str) -> Path:
        """Make an empty file that the media engine will fill, and the folders above it."""
        path = self.path(sid, self._extension)
        folder = self._root
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in path.parent.relative_to(self._root).parts:
            folder /= part
            folder.mkdir(exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        return path

    def reserve_text(self, sid: str) -> str:
        """The same; the path as text, as the engine takes it."""
        return str(self.reserve(sid))

    async def delete(self, sid: str) -> None:
        """Remove the file if there is one, however it is written."""
        for extension in EXTENSIONS:
            await asyncio.to_thread(self.path(sid, extension).unlink, missing_ok=True)
