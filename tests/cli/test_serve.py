"""``offhook serve`` as a process: what it prints, writes and answers to signals."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from offhook.cli.main import app
from tests.calls_e2e.peers import wait_for
from tests.calls_e2e.server import Server


def test_credentials_are_printed_once_and_ready_files_live_as_long_as_the_server(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        given, standard = tmp_path / "ready-1.json", tmp_path / "data" / "ready.json"
        for path in (given, standard):
            assert json.loads(path.read_text()) == server.ready
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        os.kill(server.ready["pid"], 0)
        assert server.ready["auth_token"] in server.log()
        second = subprocess.run(
            [sys.executable, "-m", "offhook.cli.main", "serve", "--data-dir", tmp_path / "data"]
            + ["--http", "127.0.0.1:0", "--sip", "127.0.0.1:0"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert second.returncode == 1
        assert f"pid {server.ready['pid']}" in second.stderr
        assert standard.exists(), "the other server's ready file is not touched"
        os.kill(server.ready["pid"], signal.SIGUSR1)
        wait_for(lambda: "holdings" in server.log(), "the answer to SIGUSR1")
        assert re.search(r"holdings .*\bcalls=0 .*media=0 ", server.log())
        assert server.stop() == 0
        assert not given.exists()
        assert not standard.exists()
        token = server.ready["auth_token"]
        server.start()
        assert server.ready["auth_token"] == token
        assert token not in server.log()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--http", "here"], "--http: 'here' is not HOST:PORT"),
        (["--sip", "here"], "'here' is not HOST:PORT"),
        (["--advertise", "my house"], "'my house' is neither an IP address nor a host name"),
        (["--log-level", "loud"], "choose from debug"),
        (["--ready-file", "/nowhere/ready.json"], "--ready-file: /nowhere is no folder"),
    ],
)
def test_a_wrong_flag_is_named(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["serve", "--data-dir", str(tmp_path), *arguments])
    assert done.exit_code == 2
    assert message in done.output
    assert list(tmp_path.iterdir()) == [], "nothing was begun"


def test_what_a_server_on_sqlite_does_not_need_is_not_loaded() -> None:
    loaded = "import sys, offhook.cli.serve; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, timeout=30, check=True)
    assert not {"alembic", "asyncpg", "typer.rich_utils"} & set(modules.stdout.split())
