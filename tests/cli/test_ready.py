"""The ready file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from offhook.cli.ready import NotReady, Ready, read

READY = Ready(
    api="https://127.0.0.1:8443",
    ca_file="/x/ca.pem",
    sip={"udp": "127.0.0.1:5060"},
    account_sid="AC" + "0" * 32,
    auth_token="secret",
    pid=1,
)


def test_what_is_written_is_read_and_only_by_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    READY.write(path)
    assert read(path) == READY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["ready.json"]


def test_the_token_does_not_show_in_a_log_line() -> None:
    assert "secret" not in repr(READY)


def test_a_missing_server_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="offhook serve"):
        read(tmp_path / "ready.json")


@pytest.mark.parametrize("content", ["", "[]", '{"api": "x"}', "\x00"])
def test_a_damaged_file_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text(content)
    with pytest.raises(NotReady, match="cannot be used"):
        read(path)
