"""The ``offhook`` command: one file per subcommand."""

from __future__ import annotations

import typer

from offhook import __version__
from offhook.cli.call import call
from offhook.cli.doctor import doctor
from offhook.cli.serve import serve

app = typer.Typer(
    help="A programmable voice platform: a phone call runs your web application.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(call)
app.command()(doctor)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Entry point ``offhook``."""
    app()


if __name__ == "__main__":
    main()
