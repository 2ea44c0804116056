"""The ready file: where a running server listens and how to log in, for whoever started it. Written 0600, atomically."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE_NAME = "ready.json"


class NotReady(Exception):
    """There is no server to be found; the message says where was looked and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a server says of itself once everything listens."""

    api: str
    """Base URL of the API."""
    ca_file: str
    """PEM file of the certificate authority that signed the API's certificate."""
    sip: dict[str, str]
    """Transport to HOST:PORT."""
    account_sid: str
    auth_token: str = field(repr=False)
    pid: int

    @property
    def alive(self) -> bool:
        """Whether that process is still there; a server that was killed leaves its file behind."""
        return Path(f"/proc/{self.pid}").exists()

    def write(self, path: Path) -> None:
        """Put it in place whole or not at all; nobody else may read it."""
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file, indent=2)
            file.write("\n")
        partial.replace(path)


def read(path: Path) -> Ready:
    """Raises ``NotReady``."""
    try:
        return Ready(**json.loads(path.read_text()))
    except FileNotFoundError:
        raise NotReady(f"There is no {path}. Start a server first (offhook serve), or name its --data-dir.") from None
    except (OSError, ValueError, TypeError) as error:
        raise NotReady(f"{path} cannot be used: {error}") from error
