"""(b) CPU per leg of playing G.711 legs that also receive, beside a plain socket server; (c) lateness of the tick; (d) what codecs
and ciphers add.

Both servers run on one core and the far ends on another, one after the other in the same run, twice. The engine's CPU is
that of its whole process with all threads, Python included. Loopback only; less than a minute.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench import measuring
from offhook.media.commands import Codec, Pcm
from offhook.media.native import NativeEngine
from offhook.media.session import Sessions
from offhook.media.settings import MediaSettings

LEGS = 500
WARM_UP = 1.5
WINDOW = 6.0
ROUNDS = 2
MARK = 2.0
NATIVE = Path(__file__).parents[1] / "native"
LOAD = NATIVE / "target" / "release" / "offhook-rtp-load"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One server under load."""

    cpu: float
    """Share of a core."""
    driver: dict[str, float]
    """What the far ends saw."""
    lateness: dict[str, int]
    """Microseconds; empty for the baseline."""

    @property
    def per_leg(self) -> float:
        """Microseconds of CPU per leg and second."""
        return self.cpu / LEGS * 1e6


async def serve(legs: int) -> None:
    """The engine with sessions that play: prints their ports, then figures at the end of standard input."""
    engine = NativeEngine(MediaSettings(port_low=24_000, port_high=31_999, shards=1))
    sessions = Sessions(engine)
    prompt = Pcm(data=random.Random(1).randbytes(2 * 22_050 * 3), rate=22_050)
    ports = []
    for _ in range(legs):
        session = sessions.create()
        opened = await session.open("127.0.0.1")
        await session.connect(remote=("127.0.0.1", 9), codec=Codec.PCMU, payload_type=0, dtmf_payload_type=101)
        session.start_play(prompt, loop=0)
        ports.append(opened.port)
    print(" ".join(map(str, ports)), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    engine.reset_lateness()
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(engine.metrics()), flush=True)
    await sessions.close()


def measure(command: list[str], *, speaking: int = 0) -> Run:
    """CPU of one server while the far ends talk to it. Every ``speaking``-th of them says something, 0: none does."""
    server = subprocess.Popen(measuring.pinned(0, *command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None
    assert server.stdout is not None
    with server:
        ports = server.stdout.readline()
        seconds = str(round(WARM_UP + WINDOW + 1))
        driver = subprocess.Popen(
            measuring.pinned(1, str(LOAD), "drive", "--seconds", seconds, "--speaking", str(speaking)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with driver:
            assert driver.stdin is not None
            driver.stdin.write(ports)
            driver.stdin.close()
            time.sleep(WARM_UP)
            if command[0] == sys.executable:
                server.stdin.write("reset\n")
                server.stdin.flush()
            before, began = measuring.cpu_seconds(server.pid), time.monotonic()
            time.sleep(WINDOW)
            used, lasted = measuring.cpu_seconds(server.pid) - before, time.monotonic() - began
            assert driver.stdout is not None
            seen = json.loads(driver.stdout.read())
        server.stdin.close()
        told = server.stdout.read()
        figures = json.loads(told) if told.strip() else {}
    lateness = {name: figures[f"tick_lateness_{name}"] for name in ("p50", "p99", "max") if figures}
    return Run(cpu=used / lasted, driver=seen, lateness=lateness)


def show(name: str, run: Run) -> None:
    seen = run.driver
    print(
        f"    {name:<9} {100 * run.cpu:5.1f} % of a core, {run.per_leg:5.0f} us/s per leg; far ends: "
        f"{seen['received']:.0f} received, {seen['lost']:.0f} lost, jitter {seen['jitter_ms']:.2f} ms, "
        f"longest gap {seen['longest_gap_ms']:.0f} ms"
    )


def codecs() -> None:
    """CPU that encoding and decoding, sealing and opening add to a leg, both ways."""
    lines = subprocess.run(measuring.pinned(0, str(LOAD), "codecs"), check=True, capture_output=True, text=True).stdout
    print("(d) CPU of codecs and ciphers, us for a second of audio in packets of 20 ms, one thread:")
    for line in lines.splitlines():
        cost = json.loads(line)
        both = cost["send_us"] + cost["receive_us"]
        print(
            f"    {cost['name']:<24} send {cost['send_us']:6.0f}, receive {cost['receive_us']:6.0f}, "
            f"both ways {both / 1e4:5.2f} % of a core per leg"
        )


def main() -> None:
    if len(sys.argv) > 2 and sys.argv[1] == "--serve":
        asyncio.run(serve(int(sys.argv[2])))
        return
    build = ["cargo", "build", "--release", "--quiet", "--package", "offhook-rtp-load"]
    subprocess.run(build, cwd=NATIVE, check=True)
    print(f"(b) {LEGS} legs that play and receive G.711, 50 packets/s each way; {measuring.conditions()}")
    engines, baselines = [], []
    for _ in range(ROUNDS):
        engines.append(measure([sys.executable, "-m", "bench.media", "--serve", str(LEGS)]))
        show("engine", engines[-1])
        baselines.append(measure([str(LOAD), "baseline", "--legs", str(LEGS)]))
        show("baseline", baselines[-1])
    ratio = sum(run.cpu for run in engines) / sum(run.cpu for run in baselines)
    print(f"    engine / baseline: {ratio:.2f} (mark: at most {MARK:.0f})")
    for run in engines:
        late = run.lateness
        print(f"(c) lateness of the 20 ms tick: p50 {late['p50']} us, p99 {late['p99']} us, max {late['max']} us")
    codecs()


if __name__ == "__main__":
    main()
