"""(e) Start-up: from the command to the ready file, first with an empty data directory, then again."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from bench import measuring
from examples import platform

RUNS = 5


def start_once(data_dir: Path) -> float:
    started = time.monotonic()
    server, _ = platform.start(data_dir, http="127.0.0.1:0", sip="127.0.0.1:0")
    elapsed = time.monotonic() - started
    server.stop()
    return elapsed


def main() -> None:
    print(f"(e) start-up; {measuring.conditions()}")
    with tempfile.TemporaryDirectory(prefix="offhook-bench-") as directory:
        first = start_once(Path(directory))
        again = [start_once(Path(directory)) for _ in range(RUNS)]
    print(f"    first start {first:.2f} s; later median {statistics.median(again):.2f} s, longest {max(again):.2f} s")


if __name__ == "__main__":
    main()
