"""What subcommands share."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from offhook.cli.options import address_or_exit, default_data_dir, settings_or_exit


def test_the_data_directory_is_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert default_data_dir() == Path("/home/ann/.local/share/offhook")


def test_the_data_directory_does_not_move_with_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings_or_exit(Path("var"), {}).data_dir == tmp_path / "var"


def test_wrong_settings_end_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "offhook.toml").write_text("[sip]\nlistn = 1\n")
    with pytest.raises(typer.Exit) as exit_:
        settings_or_exit(tmp_path, {})
    assert exit_.value.exit_code == 2
    assert "did you mean sip.listen?" in capsys.readouterr().err


def test_an_address_is_taken_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert address_or_exit("--http", None) == (None, None)
    assert address_or_exit("--http", "[::1]:8443") == ("::1", 8443)
    with pytest.raises(typer.Exit) as exit_:
        address_or_exit("--http", "8443")
    assert exit_.value.exit_code == 2
    assert capsys.readouterr().err.startswith("offhook: --http: '8443' is not HOST:PORT")
