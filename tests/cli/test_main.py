"""The command and its subcommands."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from offhook import __version__
from offhook.cli.main import app


def test_the_version() -> None:
    done = CliRunner().invoke(app, ["version"])
    assert (done.exit_code, done.output) == (0, f"{__version__}\n")


def test_without_a_word_it_says_what_there_is() -> None:
    done = CliRunner().invoke(app, [])
    for name in ("serve", "call", "ladder", "bans", "doctor", "version"):
        assert name in done.output


@pytest.mark.parametrize("name", ["serve", "call", "ladder", "bans", "doctor"])
def test_every_subcommand_explains_itself(name: str) -> None:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, [name, "--help"])
    assert done.exit_code == 0
    assert "--data-dir" in done.output


def test_an_unknown_subcommand_fails() -> None:
    assert CliRunner().invoke(app, ["fly"]).exit_code == 2
