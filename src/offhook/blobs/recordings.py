"""Recordings on disk: one WAV file each, in a folder per day; the path follows from the sid, which holds the time."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from offhook.vocabulary.sids import is_sid


class RecordingFiles:
    """The files below one folder. Nobody but the server's user may read them (0700, 0600)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, sid: str) -> Path:
        """Where the recording lies or will lie. Raises ``ValueError`` for what is no sid of a recording."""
        if not is_sid(sid, "recording"):
            raise ValueError(f"{sid[:40]!r} is not the sid of a recording")
        day = datetime.fromtimestamp(int(sid[2:14], 16) % 253_402_300_800_000 / 1000, UTC)
        return self._root / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}" / f"{sid}.wav"

    def reserve(self, sid: str) -> Path:
        """Make an empty file that the media engine will fill, and the folders above it."""
        path = self.path(sid)
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

    def size(self, sid: str) -> int | None:
        """Bytes; None when there is no file."""
        try:
            return self.path(sid).stat().st_size
        except FileNotFoundError:
            return None

    def open(self, sid: str) -> BinaryIO:
        """The file, for reading and seeking (range requests). Raises ``FileNotFoundError``."""
        return self.path(sid).open("rb")

    def delete(self, sid: str) -> None:
        """Remove the file if there is one."""
        self.path(sid).unlink(missing_ok=True)
