"""(f) Raw calls, (g) registrations, (h) registered clients with keep-alives: what signalling alone costs.

What counts is the server's own CPU time. A rate counts only when it was held without a failed call or a retransmission. Beside
raw calls a plain server is measured in the same way and the same run; their ratio says more than either on a machine whose
speed varies. The same calls through a whole node with the least RCML are measured too.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import measuring
from bench.clients import Clients
from bench.rig import LOAD_CORE, SCENARIOS, SERVER_CORE, SHORTEST, Rig

RATE, SECONDS = 500, 10.0
REGISTERED = 10_000
PACE = 100
"""Registrations a second that fill the table: what their transactions take for half a minute is not held by clients."""
KEEP_ALIVE = 30.0
"""Seconds between the keep-alives of one client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One of ``bench.signalling_server``."""

    pid: int
    port: int


@contextmanager
def server(kind: str) -> Iterator[Server]:
    command = measuring.pinned(SERVER_CORE, sys.executable, "-m", "bench.signalling_server", kind)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Server(pid=process.pid, port=int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """A rate of raw calls, held."""

    calls: int
    failed: int
    retransmissions: int
    ms_per_call: float

    @property
    def clean(self) -> bool:
        return not self.failed and not self.retransmissions


def raw_calls(at: Server, rate: int, seconds: float) -> Calls:
    calls = int(rate * seconds)
    with tempfile.TemporaryDirectory(prefix="offhook-bench-") as directory:
        command = [
            "sipp", f"127.0.0.1:{at.port}", "-sf", str(SCENARIOS / "raw_call.xml"), "-s", "1000", "-i", "127.0.0.1",
            "-m", str(calls), "-r", str(rate), "-l", str(calls), "-nostdin", "-timeout", str(math.ceil(seconds + 30)),
            "-timeout_error", "-trace_stat", "-stf", "stat.csv", "-fd", "1",
        ]  # fmt: skip
        before = measuring.cpu_seconds(at.pid)
        quiet = subprocess.DEVNULL
        subprocess.run(measuring.pinned(LOAD_CORE, *command), cwd=directory, stdout=quiet, stderr=quiet, check=False)
        cpu = measuring.cpu_seconds(at.pid) - before
        with (Path(directory) / "stat.csv").open() as file:
            *_, totals = csv.DictReader(file, delimiter=";")
    return Calls(
        calls=calls,
        failed=calls - int(totals["SuccessfulCall(C)"]),
        retransmissions=int(totals["Retransmissions(C)"]),
        ms_per_call=cpu / calls * 1000,
    )


def best_calls(at: Server, rate: int, seconds: float) -> Calls:
    """The least of three clean runs, after one that warms up; a noisy neighbour only ever adds."""
    raw_calls(at, rate, 2.0)
    steps = [raw_calls(at, rate, seconds) for _ in range(3)]
    clean = [step for step in steps if step.clean]
    return min(clean or steps, key=lambda step: step.ms_per_call)


def said(step: Calls) -> str:
    flaw = "" if step.clean else f" NOT CLEAN: {step.failed} failed, {step.retransmissions} retransmissions"
    return f"{step.ms_per_call:.3f} ms of CPU per call → {1000 / step.ms_per_call:.0f} calls/s per core{flaw}"


def measure_calls(rate: int, seconds: float) -> dict[str, float]:
    print(f"(f) raw calls (INVITE, 200, ACK, BYE, 200 over UDP), {rate}/s; {measuring.conditions()}")
    with server("raw") as ours, server("plain") as least:
        step, plain = best_calls(ours, rate, seconds), best_calls(least, rate, seconds)
    print(f"    SIP machine and driver: {said(step)} (mark: 0.83 ms)")
    print(f"    plain server that remembers nothing: {said(plain)}; ratio {step.ms_per_call / plain.ms_per_call:.1f}")
    with ExitStack() as stack:
        rig = Rig(stack)
        rig.step(100, 3, number=SHORTEST)
        whole = min((rig.step(150, 6, number=SHORTEST) for _ in range(2)), key=lambda one: one.ms_per_call)
    flaw = "" if whole.clean else " NOT CLEAN"
    print(
        f"    whole node with <Response><Hangup/></Response>, record and callback: {whole.ms_per_call:.2f} ms per call{flaw}"
    )
    return {
        "raw_call_ms": round(step.ms_per_call, 3),
        "plain_call_ms": round(plain.ms_per_call, 3),
        "rcml_call_ms": round(whole.ms_per_call, 2),
    }


def measure_registrations() -> dict[str, float]:
    print(f"(g) registrations of {REGISTERED} clients with digest over UDP; {measuring.conditions()}")
    with server("clients") as at, Clients(at.port, REGISTERED) as clients:
        costs = []
        for what in ("first registration, challenge included", "refresh with a nonce that is known"):
            before = measuring.cpu_seconds(at.pid)
            done = clients.register()
            costs.append((measuring.cpu_seconds(at.pid) - before) / done * 1000)
            print(
                f"    {what}: {costs[-1]:.3f} ms of CPU → {1000 / costs[-1]:.0f} registrations/s per core "
                f"(mark: 1500); {clients.lost} unanswered"
            )
        peak = measuring.resident_bytes(at.pid)
    print(f"    {peak / 2**20:.0f} MiB when all had registered twice within half a minute")
    return {"registration_ms": round(costs[0], 3), "refresh_ms": round(costs[1], 3)}


def measure_clients() -> dict[str, float]:
    print(
        f"(h) {REGISTERED} registered UDP clients, each asked with OPTIONS every 60 s and sending a keep-alive every "
        f"{KEEP_ALIVE:.0f} s; {measuring.conditions()}"
    )
    with server("clients") as at, Clients(at.port, REGISTERED) as clients:
        idle = measuring.resident_bytes(at.pid)
        done = clients.register(PACE)
        before = measuring.cpu_seconds(at.pid)
        seconds = clients.keep_alive(every=KEEP_ALIVE)
        share = (measuring.cpu_seconds(at.pid) - before) / seconds
        held = measuring.resident_bytes(at.pid)
    print(
        f"    {share:.1%} of a core; {(held - idle) / 2**20:.0f} MiB for {done} clients ({(held - idle) / done:.0f} bytes each), "
        f"{held / 2**20:.0f} MiB for the whole process (mark: 64 MiB)"
    )
    return {
        "clients_mib": round((held - idle) / 2**20, 1),
        "process_mib": round(held / 2**20, 1),
        "keepalive_core": round(share, 4),
    }


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args(arguments)
    print(
        json.dumps(measure_calls(options.rate, options.seconds) | measure_registrations() | measure_clients()),
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
