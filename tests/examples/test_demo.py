"""``make demo``, as a user runs it."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest


@pytest.mark.timeout(240)
def test_the_demo_makes_its_round_and_shows_it() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "examples.demo"], capture_output=True, text=True, timeout=200, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    for line in ("“Welcome to offhook.", "you press 1", "“It is time to build something. Goodbye.”", "“You said:”"):
        assert line in run.stdout
    records = re.findall(r"CA[0-9a-f]{32}  \+15005550006 → (\d+)  completed", run.stdout)
    assert records == ["1000", "1001"]
    found = re.search(r"^Recording: (\S+)", run.stdout, re.MULTILINE)
    assert found is not None
    path = Path(found[1])
    with wave.open(str(path)) as recording:
        samples = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
        assert recording.getframerate() == 8000
    path.unlink()
    assert np.abs(samples).max() > 2000, "the recording is silent"
