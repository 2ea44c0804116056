"""Beyond capacity: what happens when far more calls come than one core can carry, and afterwards.

The server is to refuse what is too much with 503 and Retry-After, to serve what it took, and to be as before when the
storm is over.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import measuring
from bench.calls import show
from bench.rig import PROMPT, Rig

RATE = 700
SECONDS = 15.0
AFTER = 100
"""Calls a second that must go well again, three seconds after the storm."""


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def storm(rig: Rig, rate: int, seconds: float) -> None:
    """Offer ``rate`` for ``seconds`` and print what became of the calls."""
    offered = int(rate * seconds)
    callbacks, records, cpu, began = rig.callbacks(), rig.records(), rig.cpu(), time.monotonic()
    process = rig.sipp("overload.xml", PROMPT, calls=offered, rate=rate, limit=seconds + 60)
    process.wait()
    lasted = time.monotonic() - began
    totals, times = rig.statistics(process)
    refused = int(totals["GenericCounter1(C)"])
    served = int(totals["SuccessfulCall(C)"]) - refused
    rig.settle(callbacks + served, records + served)
    within = {share: times[int(share * (len(times) - 1))] for share in (0.5, 0.95)} if times else {}
    print(
        f"    {offered} calls offered at {rate}/s, over after {lasted:.0f} s: {served} served ({served / seconds:.0f}/s), "
        f"{refused} refused with 503 and Retry-After, {offered - served - refused} failed; "
        f"{totals['Retransmissions(C)']} retransmissions"
    )
    print(
        f"      of those served, answered within {', '.join(f'{ms:.0f} ms (p{share * 100:.0f})' for share, ms in within.items())}; "
        f"{rig.records() - records} records, {rig.callbacks() - callbacks} callbacks; "
        f"CPU {(rig.cpu() - cpu) / lasted:.0%} of a core",
        flush=True,
    )


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args(arguments)
    print(f"(+) beyond capacity; {measuring.conditions()}")
    with ExitStack() as stack:
        rig = Rig(stack)
        rig.step(50, 5)  # warm
        sockets, memory = descriptors(rig.pid), measuring.resident_bytes(rig.pid)
        storm(rig, options.rate, options.seconds)
        time.sleep(3)
        show(rig.step(AFTER, 5))
        time.sleep(35)  # what RFC 3261 keeps for 32 s after a call is gone then
        print(
            f"      40 s later: {descriptors(rig.pid)} descriptors (before {sockets}), "
            f"{measuring.resident_bytes(rig.pid) / 1e6:.0f} MB (before {memory / 1e6:.0f} MB)"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
