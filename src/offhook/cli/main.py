"""The ``offhook`` command: one file per subcommand, loaded when it is asked for, so that a phone need not wait for a server."""

from __future__ import annotations

import gc
import importlib

import typer
from typer.core import TyperGroup

SUBCOMMANDS = ("serve", "call", "ladder", "quality", "trunk", "rcml", "bans", "doctor", "version")
"""Each is a function in the module of its name."""


class Subcommands(TyperGroup):
    """Finds a subcommand by importing its module."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return list(SUBCOMMANDS)

    def get_command(self, ctx: typer.Context, name: str) -> typer.core.TyperCommand | None:  # type: ignore[override]
        if name not in SUBCOMMANDS:
            return None
        # What modules make while they are loaded stays; looking through it again and again, then and while the server
        # is put together, is a fifth of the start.
        gc.disable()
        try:
            module = importlib.import_module(f"offhook.cli.{name}")
        finally:
            gc.freeze()
            gc.enable()
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(name)(getattr(module, name))
        return typer.main.get_command(alone)  # type: ignore[return-value]


app = typer.Typer(cls=Subcommands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def offhook() -> None:
    """A programmable voice platform: a phone call runs your web application."""


def main() -> None:
    """Entry point ``offhook``."""
    app()


if __name__ == "__main__":
    main()
