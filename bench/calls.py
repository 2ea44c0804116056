"""(a) Application calls per second per core, and (d) memory per call.

INVITE → one RCML request over HTTP → a prompt of one second → hang-up → call record + one status callback. The server runs on one core,
SIPp and the application on the other. What counts is the server's own CPU time with all its threads; its children (speech) are idle
here. A step counts only when every call succeeded, nothing was retransmitted into failure, and every callback arrived.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import time
import wave
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import measuring
from examples import platform

SCENARIO = Path(__file__).parent / "scenarios" / "caller.xml"
SERVER_CORE, LOAD_CORE = 0, 1


@dataclass(frozen=True, kw_only=True)
class Step:
    """One rate, held for some seconds."""

    rate: int
    calls: int
    failed: int
    retransmissions: int
    cpu: float
    """Server CPU in seconds per second of load."""
    callbacks: int
    records: int
    answer_ms: float
    peak_bytes: int

    @property
    def clean(self) -> bool:
        return self.failed == 0 and self.callbacks == self.calls == self.records

    @property
    def per_core(self) -> float:
        """Calls per second that one core's whole time would carry at this cost."""
        return self.rate / self.cpu if self.cpu else math.inf


def prompt(path: Path, seconds: float = 1.0) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        count = int(8000 * seconds)
        file.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(n * 0.35))) for n in range(count)))


class Bench:
    """A server, an application and the numbers between them."""

    def __init__(self, stack: ExitStack) -> None:
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="offhook-bench-")))
        self.port = measuring.free_port()
        base = f"http://127.0.0.1:{self.port}"
        prompt(self.directory / "prompt.wav")
        (self.directory / "app.xml").write_text(f"<Response><Play>{base}/prompt.wav</Play></Response>")
        (self.directory / "status.txt").write_text("")
        self._application = subprocess.Popen(
            measuring.pinned(LOAD_CORE, sys.executable, "-m", "bench.measuring", str(self.port), str(self.directory))
        )
        stack.callback(self._application.wait)
        stack.callback(self._application.terminate)
        data_dir = self.directory / "data"
        data_dir.mkdir(mode=0o700)
        os.environ["OFFHOOK_LOG_LEVEL"] = "warning"
        self.server, self.platform = platform.start(data_dir, http="127.0.0.1:0", sip="127.0.0.1:0")
        stack.callback(self.server.stop)
        self.pid = self.platform.ready["pid"]
        if (os.cpu_count() or 1) > 1:
            subprocess.run(["taskset", "-apc", str(SERVER_CORE), str(self.pid)], check=True, capture_output=True)
        self.platform.request(
            "IncomingPhoneNumbers.json",
            PhoneNumber="2000",
            isSIP="true",
            VoiceUrl=f"{base}/app.xml",
            StatusCallback=f"{base}/status.txt",
        )

    def requests(self, path: str) -> int:
        counts = self.directory / "requests.counts"
        lines = counts.read_text().splitlines() if counts.exists() else []
        return next((int(line.split()[1]) for line in lines if line.startswith(f"{path} ")), 0)

    def records(self) -> int:
        page = self.platform.request("Calls.json?PageSize=1&Status=completed")
        # The number of pages is not in the envelope; the database is asked directly, read-only.
        del page
        import sqlite3  # noqa: PLC0415

        with sqlite3.connect(f"file:{self.directory}/data/offhook.db?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM calls WHERE status = 'completed'").fetchone()[0])

    def step(self, rate: int, seconds: float) -> Step:
        calls = int(rate * seconds)
        callbacks, records = self.requests("/status.txt"), self.records()
        statistics = self.directory / f"sipp-{rate}-{time.monotonic_ns()}.csv"
        before = measuring.cpu_seconds(self.pid)
        host, port = self.platform.ready["sip"]["udp"].rsplit(":", 1)
        command = [
            "sipp", f"{host}:{port}", "-sf", str(SCENARIO), "-s", "2000", "-i", "127.0.0.1", "-m", str(calls), "-r", str(rate),
            "-l", str(rate * 10), "-rtp_echo", "-nostdin", "-timeout", str(int(seconds + 30)), "-timeout_error",
            "-recv_timeout", "20000", "-trace_stat", "-stf", str(statistics), "-fd", "1", "-nd",
        ]  # fmt: skip
        started = time.monotonic()
        process = subprocess.Popen(measuring.pinned(LOAD_CORE, *command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, measuring.resident_bytes(self.pid))
            time.sleep(0.5)
        elapsed = max(time.monotonic() - started, seconds)
        self._settle(callbacks + calls, records + calls)
        cpu = measuring.cpu_seconds(self.pid) - before
        with statistics.open() as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        failed = int(last["FailedCall(C)"]) + calls - int(last["SuccessfulCall(C)"]) - int(last["FailedCall(C)"])
        hours, minutes, rest = last["ResponseTime1(C)"].rsplit(":", 1)[0].split(":")
        answer_ms = (int(hours) * 3600 + int(minutes) * 60 + float(rest)) * 1000
        del elapsed
        return Step(
            rate=rate,
            calls=calls,
            failed=failed,
            retransmissions=int(last["Retransmissions(C)"]),
            cpu=cpu / seconds,
            callbacks=self.requests("/status.txt") - callbacks,
            records=self.records() - records,
            answer_ms=answer_ms,
            peak_bytes=peak,
        )

    def _settle(self, callbacks: int, records: int, seconds: float = 15.0) -> None:
        """Wait until every record is written and every callback delivered, or long enough."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.requests("/status.txt") >= callbacks and self.records() >= records:
                return
            time.sleep(0.3)


def show(step: Step) -> None:
    print(
        f"  {step.rate:4d}/s  {step.calls:5d} calls  {step.failed} failed  {step.retransmissions} retransmitted  "
        f"CPU {step.cpu * 100:5.1f} %  = {step.cpu / step.rate * 1000:5.2f} ms per call  "
        f"→ {step.per_core:5.0f} calls/s per core  answer {step.answer_ms:5.1f} ms  "
        f"callbacks {step.callbacks}  records {step.records}{'' if step.clean else '  NOT CLEAN'}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rates", type=int, nargs="+", default=[50, 100, 150, 200, 250])
    parser.add_argument("--seconds", type=float, default=15.0)
    arguments = parser.parse_args([] if sys.argv[0].endswith("bench/__main__.py") else None)
    print(f"(a) application calls; {measuring.conditions()}")
    print("    INVITE → 1 RCML request → 1 s prompt (RTP both ways) → BYE → record + 1 status callback")
    with ExitStack() as stack:
        bench = Bench(stack)
        bench.step(20, 5)  # warm: caches, pools, the prompt
        idle = measuring.resident_bytes(bench.pid)
        best: Step | None = None
        for rate in arguments.rates:
            step = bench.step(rate, arguments.seconds)
            show(step)
            if not step.clean:
                break
            best = step
        if best is not None:
            print(f"    highest clean rate on one core: {best.rate}/s; {best.per_core:.0f} calls/s per core of CPU time")
            # Each call lasts about 1.1 s, so the calls at once are about the rate.
            per_call = max(0, best.peak_bytes - idle) / (best.rate * 1.1)
            print(f"(d) memory: {idle / 1e6:.0f} MB idle; {per_call / 1024:.0f} kB per call at {best.rate}/s")
            print(json.dumps({"calls_per_second_per_core": round(best.per_core), "clean_rate": best.rate}))


if __name__ == "__main__":
    main()
