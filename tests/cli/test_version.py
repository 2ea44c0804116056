"""The version, as a process prints it, and what it must not load for that."""

from __future__ import annotations

import subprocess
import sys

from offhook import __version__


def test_the_version_is_printed_without_loading_a_server() -> None:
    program = (
        "import sys; from offhook.cli.main import app; app(['version'], standalone_mode=False);"
        "assert 'offhook.node' not in sys.modules and 'sqlalchemy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == f"{__version__}\n"
