"""The lock on a data directory: one server at a time. It ends with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE_NAME = "lock"


class OccupiedError(Exception):
    """Another server has the data directory; the message names it and says what to do."""


@contextmanager
def occupied(data_dir: Path) -> Iterator[None]:
    """Have ``data_dir`` to oneself. Raises ``OccupiedError``."""
    descriptor = os.open(data_dir / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            raise OccupiedError(
                f"A server (pid {holder or 'unknown'}) is running with {data_dir}. Stop it, or choose another --data-dir."
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
