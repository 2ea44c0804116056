"""(j) CPU per leg of conferences of five and of one of five hundred, G.711, beside a plain socket server in the same run.

As ``media`` does: both servers on one core, the far ends on another, loopback only; about a minute. Of each room some speak
all the time, the others are silent, as people are; and for the worst case all of five speak at once.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

from bench import measuring
from bench.media import LEGS, LOAD, NATIVE, Run, measure, show
from offhook.media.commands import Codec
from offhook.media.membership import Membership
from offhook.media.native import NativeEngine
from offhook.media.room import Room
from offhook.media.session import Sessions
from offhook.media.settings import MediaSettings

MARK = 2300
"""Legs of conferences of five that one core is to carry."""
CASES = {
    "conference": (5, 5),
    "conference_all_speak": (5, 1),
    "conference_of_500": (500, 100),
}
"""Name to the size of a room, and which legs of it speak: every so manyth."""


async def serve(legs: int, size: int) -> None:
    """The engine with sessions in rooms: prints their ports, then figures at the end of standard input."""
    engine = NativeEngine(MediaSettings(port_low=24_000, port_high=31_999, shards=1))
    sessions = Sessions(engine)
    ports, room = [], Room(sessions)
    for number in range(legs):
        if number % size == 0:
            room = Room(sessions)
        session = sessions.create()
        opened = await session.open("127.0.0.1")
        await session.connect(remote=("127.0.0.1", 9), codec=Codec.PCMU, payload_type=0, dtmf_payload_type=101)
        room.join(session, Membership(level=True))
        ports.append(opened.port)
    print(" ".join(map(str, ports)), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    engine.reset_lateness()
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(engine.metrics()), flush=True)
    await sessions.close()


def told(name: str, run: Run, baseline: Run) -> None:
    """The figures of one case under the names that they are compared by."""
    mark = f" (mark: at least {MARK})" if name == "conference" else ""
    print(f"    media.{name}.legs_per_core {LEGS / run.cpu:.0f}{mark}")
    print(f"    media.{name}.share_of_baseline {baseline.cpu / run.cpu:.2f}")
    print(f"    media.{name}.tick_p99_ms {run.lateness['p99'] / 1000:.2f}")


def main() -> None:
    if len(sys.argv) > 3 and sys.argv[1] == "--serve":
        asyncio.run(serve(int(sys.argv[2]), int(sys.argv[3])))
        return
    build = ["cargo", "build", "--release", "--quiet", "--package", "offhook-rtp-load"]
    subprocess.run(build, cwd=NATIVE, check=True)
    print(f"(j) {LEGS} legs in conferences, G.711, 50 packets/s each way; {measuring.conditions()}")
    baseline = measure([str(LOAD), "baseline", "--legs", str(LEGS)])
    show("baseline", baseline)
    for name, (size, every) in CASES.items():
        server = [sys.executable, "-m", "bench.conferences", "--serve", str(LEGS), str(size)]
        run = measure(server, speaking=every)
        show(f"{size} each", run)
        told(name, run, baseline)


if __name__ == "__main__":
    main()
