"""What several subcommands share: the data directory, and settings that end in a plain sentence when they are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from offhook.config import ConfigError, Settings, host_and_port, load


def default_data_dir() -> Path:
    """Below the user's home, unless the option or ``OFFHOOK_DATA_DIR`` says otherwise."""
    return Path.home() / ".local" / "share" / "offhook"


DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        envvar="OFFHOOK_DATA_DIR",
        default_factory=default_data_dir,
        show_default="~/.local/share/offhook",
        help="Database, keys, certificates, recordings.",
    ),
]


def settings_or_exit(data_dir: Path, flags: Mapping[str, object]) -> Settings:
    """The settings; what is wrong with them goes to standard error, exit status 2."""
    try:
        return load(data_dir=data_dir.resolve(), flags=flags)
    except ConfigError as error:
        typer.echo(f"offhook: {error}", err=True)
        raise typer.Exit(2) from None


def address_or_exit(option: str, text: str | None) -> tuple[str, int] | tuple[None, None]:
    """HOST:PORT in its parts; nothing when the option was not given."""
    if text is None:
        return None, None
    try:
        return host_and_port(text)
    except ValueError as error:
        typer.echo(f"offhook: {option}: {text!r} is not {error}", err=True)
        raise typer.Exit(2) from None
