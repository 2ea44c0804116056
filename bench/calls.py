"""(a) Application calls per second per core, and (d) memory per call.

INVITE → one RCML request over HTTP → a prompt of one second → hang-up → call record + one status callback. What counts is
the server's own CPU time, all threads and child processes. A rate counts only when it was held without a failed call, a
retransmission, a missing record or a missing callback; a rate that was not clean is tried once more, since a noisy
neighbour on the machine looks the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench import measuring
from bench.rig import ENDLESS, Rig, Step

RATES = (100, 200, 250, 300, 350, 400)
SECONDS = 10.0
HELD = 500
"""Calls held at once to measure their memory."""


def show(step: Step) -> None:
    print(
        f"    {step.rate:3d}/s for {step.seconds:.0f} s: CPU {step.ms_per_call:.2f} ms per call "
        f"({step.cpu / step.seconds:4.0%} of a core) → {step.per_core:.0f} calls/s per core; answered within "
        f"{step.answered_within(0.5):.0f} ms (p50), {step.answered_within(0.95):.0f} ms (p95)"
    )
    if not step.clean:
        print(
            f"      NOT CLEAN: of {step.calls} calls {step.failed} failed, {step.retransmissions} retransmissions, "
            f"{step.records} records, {step.callbacks} callbacks"
        )
    sys.stdout.flush()


def sustained(rig: Rig, rates: Sequence[int], seconds: float) -> list[Step]:
    """Clean steps, up to the first rate that is not clean twice."""
    clean: list[Step] = []
    for rate in rates:
        for _ in range(2):
            step = rig.step(rate, seconds)
            show(step)
            if step.clean:
                clean.append(step)
                break
        else:
            break
    return clean


def memory_per_call(rig: Rig, idle: int) -> float:
    """Bytes per call of ``HELD`` calls that play at the same time."""
    callbacks, records = rig.callbacks(), rig.records()
    process = rig.sipp("holder.xml", ENDLESS, calls=HELD, rate=100, limit=60)
    time.sleep(HELD / 100 + 2)
    held = measuring.resident_bytes(rig.pid)
    process.wait()
    rig.settle(callbacks + HELD, records + HELD)
    totals, _ = rig.statistics(process)
    if int(totals["SuccessfulCall(C)"]) != HELD:
        raise SystemExit(f"only {totals['SuccessfulCall(C)']} of {HELD} held calls succeeded")
    return (held - idle) / HELD


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=RATES)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args(arguments)
    print(f"(a) application calls; {measuring.conditions()}")
    print("    INVITE → 1 RCML request → 1 s prompt (RTP both ways) → BYE → record + 1 status callback")
    with ExitStack() as stack:
        rig = Rig(stack)
        start = measuring.resident_bytes(rig.pid)
        rig.step(50, 5)  # warm: caches, pools, the prompt
        idle = measuring.resident_bytes(rig.pid)
        per_call = memory_per_call(rig, idle)
        clean = sustained(rig, options.rates, options.seconds)
    figures = {"memory_idle": start, "memory_per_call": round(per_call)}
    if clean:
        best = clean[-1]
        print(
            f"    highest rate without a failure on one core: {best.rate}/s; "
            f"by CPU time {best.per_core:.0f} calls/s per core (mark: 200)"
        )
        figures |= {"clean_rate": best.rate, "calls_per_second_per_core": round(best.per_core)}
    print(
        f"(d) memory: {start / 1e6:.0f} MB after the start, {idle / 1e6:.0f} MB after the first 250 calls; "
        f"{per_call / 1024:.0f} kB for each of {HELD} calls at once"
    )
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
