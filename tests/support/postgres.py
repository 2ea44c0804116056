"""A private PostgreSQL for the tests of one run: its own cluster in a temporary directory, on a unix socket only."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest

USER = "offhook"


def fresh_database() -> str:
    """The URL of a new empty database. Without PostgreSQL: a failure in CI, a skip elsewhere."""
    socket_dir = _cluster()
    if socket_dir is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is missing; tools/system_packages.sh installs it")
        pytest.skip("PostgreSQL is missing (initdb and pg_ctl): run tools/system_packages.sh to test on it")
    name = f"t{uuid4().hex}"
    _run(_program("createdb"), "-h", str(socket_dir), "-U", USER, name)
    return f"postgresql://{USER}@/{name}?host={socket_dir}"


@cache
def _cluster() -> Path | None:
    """Directory of the socket of a running cluster, started once per test run."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if initdb is None or pg_ctl is None:
        return None
    home = Path(tempfile.mkdtemp(prefix="pg"))
    as_owner = _owner(home)
    data = home / "data"
    _run(*as_owner, initdb, "-D", str(data), "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
    options = f"-k {home} -c listen_addresses='' -c fsync=off -c max_connections=60"
    _run(*as_owner, pg_ctl, "-D", str(data), "-o", options, "-l", str(home / "log"), "-w", "-t", "30", "start")

    def stop() -> None:
        _run(*as_owner, pg_ctl, "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    return home


def _owner(home: Path) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root: prefix of a command that runs as somebody else."""
    if os.getuid() != 0:
        return ()
    shutil.chown(home, "nobody")
    home.chmod(0o755)
    return ("setpriv", "--reuid=nobody", "--clear-groups")


def _program(name: str) -> str | None:
    found = shutil.which(name)
    if found is not None and name != "createdb":
        # A link elsewhere would look for its siblings in the wrong place.
        found = str(Path(found).resolve())
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(versions[0]) if versions else found


def _run(*command: str | None) -> None:
    done = subprocess.run(
        [word for word in command if word], capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
