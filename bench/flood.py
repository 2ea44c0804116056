"""A flood of INVITE and REGISTER without credentials, and what becomes of honest callers meanwhile.

Two floods of the same rate: from one address, which the limit per source cuts, and from many, which only the cost of a
refusal bounds. Calls are offered before, during and after; none may fail, and the sound of calls in progress is theirs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench import measuring
from bench.calls import show
from bench.rig import LOAD_CORE, Rig

CALLS = 20
"""Honest calls a second."""


def flooded(rig: Rig, *, sources: int, rate: int, seconds: float) -> None:
    """Print what calls cost and how they fared under a flood from so many addresses."""
    server = rig.platform.ready["sip"]["udp"]
    command = [sys.executable, "-m", "tests.support.flood", server, "--rate", str(rate)]
    command += ["--seconds", str(seconds), "--sources", str(sources)]
    process = subprocess.Popen(measuring.pinned(LOAD_CORE, *command), stdout=subprocess.PIPE, text=True)
    cpu, began = rig.cpu(), time.monotonic()
    step = rig.step(CALLS, int(seconds) - 2)
    output, _ = process.communicate(timeout=seconds + 30)
    share = (rig.cpu() - cpu) / (time.monotonic() - began)
    print(f"    {int(output)} requests from {sources} addresses; CPU {share:.0%} of a core; honest calls meanwhile:")
    show(step)


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args(arguments)
    print(f"(+) a flood without credentials; {measuring.conditions()}")
    with ExitStack() as stack:
        rig = Rig(stack, trust="127.0.0.1/32")
        show(rig.step(CALLS, 5))
        for sources in (1, 200):
            flooded(rig, sources=sources, rate=options.rate, seconds=options.seconds)
        show(rig.step(CALLS, 5))


if __name__ == "__main__":
    main(sys.argv[1:])
