"""SIPp, unmodified: many calls by a scenario, and how they ended."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.calls_e2e.peers import Program, free_media_ports, free_sip_port, need, wait_for

SCENARIOS = Path(__file__).parent / "scenarios"
BUILT_IN = frozenset({"uac", "uas", "uac_pcap", "branchc", "branchs", "regexp", "3pcc-A", "3pcc-B", "ooc_default"})
TRANSPORTS = {"udp": "u1", "tcp": "t1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Figures of a finished run."""

    status: int
    successful: int
    failed: int
    retransmissions: int
    errors: str
    """What SIPp wrote of unexpected messages."""


class Sipp:
    """One run. As a context manager it runs beside the test; ``run`` waits for its end."""

    def __init__(
        self,
        folder: Path,
        scenario: str,
        target: str = "",
        *,
        service: str = "service",
        calls: int | None = None,
        rate: float = 10,
        at_once: int = 50,
        hold: int = 0,
        transport: str = "udp",
        patience: int = 60,
        keys: dict[str, str] | None = None,
        port: int | None = None,
        credentials: tuple[str, str] | None = None,
        lost: int = 0,
    ) -> None:
        """``hold`` is the scenario's pause in ms, ``keys`` are ``[name]`` of the scenario, ``patience`` in seconds.

        ``credentials`` are login (also ``[login]``) and password for ``[authentication]``; of a hundred messages each way SIPp
        loses ``lost``.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_sip_port() if port is None else port
        self._statistics = folder / "statistics.csv"
        self._patience = patience
        source = ["-sn", scenario] if scenario in BUILT_IN else ["-sf", str(SCENARIOS / f"{scenario}.xml")]
        self._command = [
            *([target] if target else []),
            *source,
            *("-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(self.port)),
            *("-s", service, "-r", str(rate), "-l", str(at_once), "-d", str(hold), "-t", TRANSPORTS[transport]),
            # What digest credentials are for: the Request-URI of all scenarios. Who is called takes what callers name.
            *(("-auth_uri", f"{service}@{target}") if target else ()),
            *("-mp", str(free_media_ports(4))),
            *("-nostdin", "-timeout", f"{patience}s", "-timeout_error", "-recv_timeout", str(patience * 1000)),
            *("-trace_stat", "-stf", str(self._statistics), "-fd", "1"),
            *("-trace_err", "-error_file", str(folder / "errors.txt")),
            *("-trace_logs", "-log_file", str(folder / "log.txt")),
        ]
        if calls is not None:
            self._command += ["-m", str(calls)]
        if credentials is not None:
            login, password = credentials
            self._command += ["-au", login, "-ap", password, "-key", "login", login]
        if lost:
            self._command += ["-lost", str(lost)]
        for name, value in (keys or {}).items():
            self._command += ["-key", name, value]
        self._program: Program | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def run(self) -> Outcome:
        """Until all calls have ended, or its patience has."""
        with self:
            return self.ended()

    def __enter__(self) -> Self:
        self._program = Program(
            need("sipp"), *self._command, log=self.folder / "screen.txt", env={"TERM": "dumb"}, cwd=self.folder
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._program is not None:
            self._program.stop(5)

    def logged(self, text: str) -> str:
        """The first line of its log that holds ``text``, once it is there."""
        file = self.folder / "log.txt"

        def lines() -> list[str]:
            return [line for line in file.read_text().splitlines() if text in line] if file.exists() else []

        wait_for(lambda: bool(lines()), f"{text!r} in {file}")
        return lines()[0]

    def ended(self) -> Outcome:
        """Wait for its end, at most its patience and some seconds."""
        assert self._program is not None
        status = self._program.process.wait(self._patience + 15)
        if not self._statistics.exists():
            raise AssertionError(f"SIPp did not run (status {status}):\n{self._program.output()[-2000:]}")
        with self._statistics.open() as file:
            *_, last = csv.DictReader(file, delimiter=";")
        errors = self.folder / "errors.txt"
        return Outcome(
            status=status,
            successful=int(last["SuccessfulCall(C)"]),
            failed=int(last["FailedCall(C)"]),
            retransmissions=int(last["Retransmissions(C)"]),
            errors=errors.read_text(errors="replace")[:4000] if errors.exists() else "",
        )
