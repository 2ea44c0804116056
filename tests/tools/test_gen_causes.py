from __future__ import annotations

import subprocess
import sys


def test_the_page_of_causes_is_what_the_tables_say() -> None:
    done = subprocess.run(
        [sys.executable, "tools/gen_causes.py", "--check"],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout
