from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from offhook.ops.occupation import OccupiedError, occupied

HOLD = """
import sys, time
from pathlib import Path
from offhook.ops.occupation import occupied
with occupied(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_server_is_told_who_has_the_directory(tmp_path: Path) -> None:
    with (
        occupied(tmp_path),
        pytest.raises(OccupiedError, match=rf"pid {os.getpid()}\b.*{tmp_path}"),
        occupied(tmp_path),
    ):
        raise AssertionError
    with occupied(tmp_path):
        assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600


def test_a_server_that_was_killed_leaves_the_directory_free(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(OccupiedError, match=f"pid {other.pid}"), occupied(tmp_path):
            raise AssertionError
        other.send_signal(signal.SIGKILL)
    with occupied(tmp_path):
        pass
