from __future__ import annotations

import os
from pathlib import Path

from typer.testing import CliRunner

from offhook.cli.main import app
from offhook.cli.ready import FILE_NAME, Ready
from offhook.sip.bans import Ban
from tests.support.api_node import TOKENS, api_node
from tests.support.databases import ADMINISTRATOR


def said(directory: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["bans", "--data-dir", str(directory), *arguments])
    return done.exit_code, done.output


def test_bans_are_listed_and_lifted(tmp_path: Path) -> None:
    with api_node(tmp_path) as node:
        ready = Ready(
            api=node.url,
            ca_file=node.ca_file,
            sip={},
            account_sid=ADMINISTRATOR,
            auth_token=TOKENS[ADMINISTRATOR],
            pid=os.getpid(),
        )
        ready.write(tmp_path / FILE_NAME)
        assert said(tmp_path) == (0, "nobody is banned\n")
        node.bans.held = [
            Ban(source="2001:db8::/64", left=1200.0, times=2),
            Ban(source="192.0.2.1", left=600.0, times=1),
        ]
        assert said(tmp_path) == (
            0,
            "2001:db8::/64    1200 s left, banned 2 times\n192.0.2.1         600 s left\n",
        )
        assert said(tmp_path, "--lift", "192.0.2.1") == (0, "192.0.2.1 is listened to again\n")
        status, output = said(tmp_path, "--lift", "192.0.2.1")
        assert status == 1
        assert "has no ban" in output


def test_without_a_server_it_says_what_to_do(tmp_path: Path) -> None:
    status, output = said(tmp_path)
    assert status == 1
    assert "Start a server first" in output
