"""Names that this machine's administrator has given addresses by hand: ``/etc/hosts``, read again when it has changed."""

from __future__ import annotations

from pathlib import Path

import structlog

from offhook.sip.locating import is_address

_LOG = structlog.get_logger(__name__)
_LARGEST = 1 << 20
"""Bytes; of a longer file (a list of hosts to be blocked) the rest is not read."""


class HostsFile:
    """The addresses of names, in the order of the file."""

    def __init__(self, path: Path = Path("/etc/hosts")) -> None:
        self._path = path
        self._read_at: tuple[int, int] | None = None
        self._names: dict[str, list[str]] = {}

    def addresses(self, name: str) -> list[str]:
        """Of both families; ``localhost`` is never asked elsewhere (RFC 6761 §6.3)."""
        self._refresh()
        found = self._names.get(name, [])
        return found or (["127.0.0.1", "::1"] if name == "localhost" or name.endswith(".localhost") else [])

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            state = (status.st_mtime_ns, status.st_size)
            if state == self._read_at:
                return
            with self._path.open(encoding="utf-8", errors="replace") as file:
                text = file.read(_LARGEST)
        except OSError as error:
            if self._read_at is not None:
                _LOG.warning("the hosts file cannot be read", path=str(self._path), error=str(error))
            self._read_at, self._names = None, {}
            return
        self._read_at, self._names = state, _names(text)


def _names(text: str) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1 and is_address(words[0]):
            for name in words[1:]:
                known = names.setdefault(name.lower().rstrip("."), [])
                if words[0] not in known:
                    known.append(words[0])
    return names
