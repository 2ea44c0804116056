"""A server under load: offhook on one core, SIPp and the application on the other, and the numbers between them.

Every call counts only when SIPp saw it through, its record is in the database and its callback reached the application.
"""

from __future__ import annotations

import csv
import math
import os
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import wave
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from bench import measuring
from examples import platform

SCENARIOS = Path(__file__).parent / "scenarios"
SERVER_CORE, LOAD_CORE = 0, 1
PROMPT, ENDLESS, SHORTEST = "2000", "2001", "2002"
"""Numbers: a prompt of one second and hang-up; the same prompt again and again until the caller hangs up; hang-up at once."""
_SETTLE = 15.0
"""Seconds that records and callbacks may take after the last call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rate of calls, held for some seconds."""

    rate: int
    calls: int
    failed: int
    retransmissions: int
    """Requests that SIPp had to send again, for want of an answer within half a second."""
    cpu: float
    """Seconds of the server's time, user and system, all threads and child processes."""
    seconds: float
    callbacks: int
    records: int
    answer_ms: tuple[float, ...]
    """From INVITE to 200, of every call, sorted: look-up, fetch of the document and durable row lie between."""
    peak_bytes: int

    @property
    def clean(self) -> bool:
        return not self.failed and not self.retransmissions and self.callbacks == self.calls == self.records

    @property
    def ms_per_call(self) -> float:
        return self.cpu / self.calls * 1000

    @property
    def per_core(self) -> float:
        """Calls per second that the whole time of one core would carry at this cost."""
        return 1000 / self.ms_per_call if self.cpu else math.inf

    def answered_within(self, share: float) -> float:
        """Milliseconds within which this share of the calls was answered."""
        return self.answer_ms[math.ceil(share * len(self.answer_ms)) - 1] if self.answer_ms else math.nan


class Rig:
    """A server, an application with canned answers, and SIPp when asked. Everything ends with the stack."""

    def __init__(self, stack: ExitStack, *, trust: str = "127.0.0.0/8,::1/128") -> None:
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="offhook-bench-")))
        application = f"http://127.0.0.1:{self._start_application(stack)}"
        data_dir = self.directory / "data"
        data_dir.mkdir(mode=0o700)
        server, self.platform = platform.start(data_dir, http="127.0.0.1:0", sip="127.0.0.1:0", trust=trust)
        stack.callback(server.stop)
        self.pid: int = self.platform.ready["pid"]
        if (os.cpu_count() or 1) > 1:
            subprocess.run(["taskset", "-apc", str(SERVER_CORE), str(self.pid)], check=True, capture_output=True)
        for number in (PROMPT, ENDLESS, SHORTEST):
            self.platform.request(
                "IncomingPhoneNumbers.json",
                PhoneNumber=number,
                isSIP="true",
                VoiceUrl=f"{application}/{number}.xml",
                StatusCallback=f"{application}/status.txt",
            )

    def _start_application(self, stack: ExitStack) -> int:
        port = measuring.free_port()
        _write_prompt(self.directory / "prompt.wav", seconds=1.0)
        for number, loop in ((PROMPT, 1), (ENDLESS, 0)):
            document = f'<Response><Play loop="{loop}">http://127.0.0.1:{port}/prompt.wav</Play></Response>'
            (self.directory / f"{number}.xml").write_text(document)
        (self.directory / f"{SHORTEST}.xml").write_text("<Response><Hangup/></Response>")
        (self.directory / "status.txt").write_text("")
        command = [sys.executable, "-m", "bench.measuring", str(port), str(self.directory)]
        application = subprocess.Popen(measuring.pinned(LOAD_CORE, *command))
        stack.callback(application.wait)
        stack.callback(application.terminate)
        return port

    def cpu(self) -> float:
        """Seconds of CPU that the server has used, with its children."""
        return sum(map(measuring.cpu_seconds, [self.pid, *measuring.children_of(self.pid)]))

    def callbacks(self) -> int:
        """Status callbacks that reached the application."""
        counts = self.directory / "requests.counts"
        lines = counts.read_text().splitlines() if counts.exists() else []
        return next((int(line.split()[1]) for line in lines if line.startswith("/status.txt ")), 0)

    def records(self) -> int:
        """Calls whose record says that they were completed."""
        path = f"file:{self.directory}/data/offhook.db?mode=ro"
        with closing(sqlite3.connect(path, uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM calls WHERE status = 'completed'").fetchone()[0])

    def sipp(self, scenario: str, number: str, *, calls: int, rate: int, limit: float) -> subprocess.Popen[bytes]:
        """SIPp on its way: ``calls`` in all, ``rate`` a second, over within ``limit`` seconds; statistics in ``last.csv``."""
        host, port = self.platform.ready["sip"]["udp"].rsplit(":", 1)
        command = [
            "sipp", f"{host}:{port}", "-sf", str(SCENARIOS / scenario), "-s", number, "-i", "127.0.0.1",
            "-m", str(calls), "-r", str(rate), "-l", str(max(calls, 1)), "-rtp_echo", "-nostdin",
            "-timeout", str(math.ceil(limit)), "-timeout_error", "-recv_timeout", "20000",
            "-trace_stat", "-stf", "last.csv", "-fd", "1", "-trace_rtt", "-rtt_freq", "1",
        ]  # fmt: skip
        return subprocess.Popen(
            measuring.pinned(LOAD_CORE, *command),
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def statistics(self, process: subprocess.Popen[bytes]) -> tuple[dict[str, str], tuple[float, ...]]:
        """What SIPp counted, and its response times in milliseconds, sorted."""
        with (self.directory / "last.csv").open() as file:
            *_, totals = csv.DictReader(file, delimiter=";")
        times: list[float] = []
        # taskset becomes SIPp, so the process id in the file's name is that of the process that was started.
        for path in self.directory.glob(f"*_{process.pid}_rtt.csv"):
            with path.open() as file:
                times += [float(line["response_time_ms"]) for line in csv.DictReader(file, delimiter=";")]
        return totals, tuple(sorted(times))

    def step(self, rate: int, seconds: float, *, number: str = PROMPT) -> Step:
        """Hold ``rate`` to ``number`` for ``seconds`` and wait for the last record and callback."""
        calls = int(rate * seconds)
        callbacks, records, cpu = self.callbacks(), self.records(), self.cpu()
        process = self.sipp("caller.xml", number, calls=calls, rate=rate, limit=seconds + 30)
        peak = 0
        while process.poll() is None:
            peak = max(peak, measuring.resident_bytes(self.pid))
            time.sleep(0.5)
        self.settle(callbacks + calls, records + calls)
        totals, times = self.statistics(process)
        return Step(
            rate=rate,
            calls=calls,
            failed=calls - int(totals["SuccessfulCall(C)"]),
            retransmissions=int(totals["Retransmissions(C)"]),
            cpu=self.cpu() - cpu,
            seconds=seconds,
            callbacks=self.callbacks() - callbacks,
            records=self.records() - records,
            answer_ms=times,
            peak_bytes=peak,
        )

    def settle(self, callbacks: int, records: int) -> None:
        """Wait until so many callbacks have come and records are written, or long enough."""
        deadline = time.monotonic() + _SETTLE
        while time.monotonic() < deadline and (self.callbacks() < callbacks or self.records() < records):
            time.sleep(0.3)


def _write_prompt(path: Path, seconds: float) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        count = int(8000 * seconds)
        file.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(n * 0.35))) for n in range(count)))
