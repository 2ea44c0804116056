"""``offhook trunk`` against a running server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from offhook.cli.trunk import lines
from tests.calls_e2e.peers import free_port
from tests.calls_e2e.server import Server


def trunk(data_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "offhook.cli.main", "trunk", *words, "--data-dir", str(data_dir))
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_trunk_that_leads_nowhere_is_listed_and_tested_in_plain_words(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "offhook.toml").write_text(
        f'[[trunks]]\nname = "carrier"\ngateways = ["sip:127.0.0.1:{port};transport=tcp"]\noptions_interval = 0\n'
    )
    with Server(tmp_path):
        listed = trunk(tmp_path / "data", "list")
        assert (listed.returncode, listed.stderr) == (0, "")
        assert f"unknown  carrier          sip:127.0.0.1:{port};transport=tcp" in listed.stdout
        tested = trunk(tmp_path / "data", "test", "carrier")
        assert tested.returncode == 1
        assert f"FAIL  connect    127.0.0.1:{port} refuses connections" in tested.stdout
        assert "→ port and transport of SipUrl" in tested.stdout
        unknown = trunk(tmp_path / "data", "test", "other")
        assert unknown.returncode == 2
        assert "a trunk other" in unknown.stderr


@pytest.mark.parametrize("words", [("list",), ("test",), ("test", "carrier")])
def test_without_a_server_or_a_name_it_says_what_to_do(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = trunk(tmp_path, *words)
    assert done.returncode == 2
    assert done.stderr.startswith("offhook: ")


def test_a_gateway_is_a_line_with_its_troubles_below() -> None:
    state = {
        "trunk": "carrier",
        "gateway": "sip:gw",
        "enabled": True,
        "state": "down",
        "reason": "it cannot be reached",
        "since": "Mon, 05 Jan 2026 17:00:00 +0000",
        "calls": 3,
        "registration": "failed",
        "registration_reason": "sip:gw answers 403",
    }
    assert lines(state) == [
        "down     carrier          sip:gw  3 calls",
        "         it cannot be reached, since Mon, 05 Jan 2026 17:00:00 +0000",
        "         registration failed: sip:gw answers 403",
    ]
    assert lines(state | {"enabled": False, "reason": "", "registration": ""}) == [
        "off      carrier          sip:gw  3 calls"
    ]
