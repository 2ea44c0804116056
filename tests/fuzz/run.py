"""Fuzzes with coverage as the guide: ``python -m tests.fuzz.run SECONDS [TARGET …]``; ``make fuzz`` installs what it needs.

Every target gets its share of the time in a process of its own (Atheris ends its process), on a corpus that grows in
``.fuzz/TARGET`` from run to run. An input that breaks one is left beside it as ``TARGET-crash-…``, the run goes on with
the others and fails in the end. An input may take twenty seconds by the clock, also on a machine that has much else to do, and
a process a gigabyte: more is a hang, or growth.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

CORPUS = Path(".fuzz")
SHARES = {"endpoint": 6, "message": 3}
"""Of the time; every other target has one."""


def names() -> list[str]:
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - instrumented in the processes that fuzz, and only there

    return list(TARGETS)


def main(seconds: int, chosen: list[str]) -> int:
    if importlib.util.find_spec("atheris") is None:
        print("not fuzzed: Atheris runs on Linux on x86-64 only")
        return 0
    failed = []
    total = sum(SHARES.get(name, 1) for name in chosen)
    for name in chosen:
        share = max(1, seconds * SHARES.get(name, 1) // total)
        command = [sys.executable, "-m", "tests.fuzz.run", "--one", name, str(share)]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
        runs = re.search(r"Done (\d+) runs", ended.stderr)
        coverage = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)/", ended.stderr)
        if runs and not ended.returncode:
            edges, features, corpus = coverage[-1] if coverage else ("?", "?", "?")
            print(
                f"{name}: {int(runs[1]):,} runs in {share} s; {edges} edges, {features} features, {corpus} inputs kept",
                flush=True,
            )
        else:
            failed.append(name)
            print(f"{name}: FAILED\n{(ended.stdout + ended.stderr)[-4000:]}", flush=True)
    return 1 if failed else 0


def fuzz(name: str, seconds: int) -> None:
    """In this process; does not return."""
    import atheris  # type: ignore[import-not-found]  # noqa: PLC0415 - only installed for this

    with atheris.instrument_imports(include=["offhook.sip"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415

    target = TARGETS[name]
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds:
        (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    options = [
        f"-max_total_time={seconds}", f"-max_len={target.longest}", "-timeout=20", "-rss_limit_mb=1024",
        f"-artifact_prefix={CORPUS}/{name}-", str(corpus),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        fuzz(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]), sys.argv[2:] or names()))
