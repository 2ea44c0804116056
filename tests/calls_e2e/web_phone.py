"""A phone as web pages have it: SIP.js, unmodified, in Node (``web_phone/phone.js``). It has no sound."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.calls_e2e.peers import Program, need, wait_for

SOURCE = Path(__file__).parent / "web_phone"


class WebPhone:
    """``with WebPhone(…) as phone``: registered, and gone at the end. It accepts every call."""

    def __init__(self, folder: Path, *, url: str, login: str, password: str, ca_file: str) -> None:
        self._folder = folder
        self._arguments = (url, login, "localhost", password)
        self._ca_file = ca_file
        self._seen = 0
        self._program: Program | None = None

    def __enter__(self) -> Self:
        shutil.copytree(SOURCE, self._folder)
        install = [need("npm"), "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(install, cwd=self._folder, check=True, timeout=100)
        environment = {"NODE_EXTRA_CA_CERTS": self._ca_file}
        log = self._folder / "output.txt"
        self._program = Program(need("node"), "phone.js", *self._arguments, log=log, env=environment, cwd=self._folder)
        try:
            self.until("registered")
        except AssertionError:
            self._program.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._program is not None:
            self._program.stop()

    def order(self, *words: str) -> None:
        """``call URI`` or ``hangup``."""
        assert self._program is not None
        assert self._program.process.stdin is not None
        self._program.process.stdin.write(" ".join(words).encode() + b"\n")
        self._program.process.stdin.flush()

    def until(self, word: str) -> None:
        """Wait for the next ``registered``, ``invited``, ``established`` or ``terminated``."""
        program = self._program
        assert program is not None

        def seen() -> bool:
            words = program.output().splitlines()[self._seen :]
            if word not in words:
                return False
            self._seen += words.index(word) + 1
            return True

        wait_for(seen, f"{word} of the web phone, which said {program.output()!r},", 20)
