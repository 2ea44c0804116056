"""What the line of a call was like, in the terminal."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from offhook.cli.main import app
from tests.calls_e2e.application import Application
from tests.calls_e2e.server import Server


def quality(folder: Path, sid: str) -> tuple[int, str]:
    """Exit status and output."""
    done = CliRunner().invoke(app, ["quality", "--data-dir", str(folder), sid])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_the_figures_of_a_call_are_shown_both_ways(phone_server: Server, phone_application: Application) -> None:
    folder = phone_server.folder / "data"
    done = CliRunner().invoke(app, ["call", "--data-dir", str(folder), "1000", "--limit", "2"])
    assert done.exit_code == 0, done.output
    status, output = quality(folder, str(phone_server.calls()[0]["sid"]))
    assert status == 0, output
    rows = {line[:12].strip(): line[12:].split() for line in output.splitlines()}
    assert rows["codec"] == ["PCMU", "PCMU"]
    assert int(rows["packets"][1]) > 10
    assert rows["lost"][0] == "0"
    assert "at the end" in output


def test_what_cannot_be_shown_is_said(phone_server: Server, tmp_path: Path) -> None:
    status, output = quality(phone_server.folder / "data", f"CA{'0' * 32}")
    assert (status, "not found" in output) == (1, True)
    status, output = quality(tmp_path, "CA1")
    assert (status, "Start a server first" in output) == (1, True)
