"""The ladder of a real call in the terminal and in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from offhook.cli.main import app
from tests.calls_e2e.application import Application
from tests.calls_e2e.server import Server


def ladder(server: Server, *arguments: str | Path) -> tuple[int, str]:
    """Exit status and output."""
    data = str(server.folder / "data")
    done = CliRunner().invoke(app, ["ladder", "--data-dir", data, *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def busy_call(phone_server: Server, phone_application: Application) -> str:
    done = CliRunner().invoke(app, ["call", "--data-dir", str(phone_server.folder / "data"), "1003"])
    assert done.exit_code == 3, done.output
    return str(phone_server.calls()[0]["sid"])


def test_a_call_is_shown_in_the_terminal(phone_server: Server, busy_call: str) -> None:
    status, output = ladder(phone_server, busy_call)
    assert status == 0, output
    arrows = [line.strip(" |") for line in output.splitlines() if line.startswith("+")]
    assert len(arrows) == 5
    for position, label in enumerate(("INVITE sdp", "100 Trying", "180 Ringing", "486 Busy Here", "ACK")):
        assert label in arrows[position], output


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<svg"), ("a.pcap", b"\xd4\xc3\xb2\xa1"), ("a.txt", b"first")])
def test_a_file_gets_the_form_of_its_name(
    phone_server: Server, busy_call: str, tmp_path: Path, name: str, start: bytes
) -> None:
    assert ladder(phone_server, busy_call, "--output", tmp_path / name) == (0, "")
    assert (tmp_path / name).read_bytes().startswith(start)


def test_what_cannot_be_shown_is_said(phone_server: Server, tmp_path: Path) -> None:
    assert ladder(phone_server, "CA1", "--output", tmp_path / "a.doc")[0] == 2
    status, output = ladder(phone_server, f"CA{'0' * 32}")
    assert (status, "not found" in output) == (1, True)
    done = CliRunner().invoke(app, ["ladder", "--data-dir", str(tmp_path), "CA1"])
    assert (done.exit_code, "Start a server first" in done.output) == (1, True)
