from __future__ import annotations

import subprocess
import sys


def test_schemas_and_builder_are_what_the_verbs_say() -> None:
    done = subprocess.run(
        [sys.executable, "tools/gen_rcml.py", "--check"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
