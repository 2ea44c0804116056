"""Recordings on disk: one file each, in a folder per day; the path follows from the sid, which holds the time."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from offhook.blobs.settings import RecordingSettings
from offhook.vocabulary.sids import is_sid

EXTENSIONS: Final = ("wav", "ogg", "mp3")


class RecordingFiles:
    """The files below one folder. Nobody but the server's user may read them (0700, 0600)."""

    def __init__(self, root: Path, settings: RecordingSettings | None = None) -> None:
        self._root = root
        self._settings = settings or RecordingSettings()

    def path(self, sid: str, extension: str = "wav") -> Path:
        """Where the recording lies or will lie. Raises ``ValueError`` for what is no sid of a recording."""
        if not is_sid(sid, "recording"):
            raise ValueError(f"{sid[:40]!r} is not the sid of a recording")
        day = datetime.fromtimestamp(int(sid[2:14], 16) % 253_402_300_800_000 / 1000, UTC)
        return self._root / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}" / f"{sid}.{extension}"

    def reserve(self, sid: str) -> Path:
        """Make an empty file that the media engine will fill, and the folders above it. Raises ``OSError``."""
        path = self.path(sid, self._settings.format)
        folder = self._root
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if shutil.disk_usage(folder).free < self._settings.reserve << 20:
            raise OSError(errno.ENOSPC, f"less than {self._settings.reserve} MiB are free (recordings.reserve)")
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
