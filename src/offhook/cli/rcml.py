"""``offhook rcml``: what is wrong with a document, before a call finds it."""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import aiohttp
import typer

from offhook.rcml.document import SIZE_LIMIT
from offhook.rcml.lint import Finding, Severity, lint
from offhook.rcml.outcome import Method
from offhook.rcml.verbs import VOCABULARY

FAULTY, UNREAD = 1, 2
TIMEOUT = aiohttp.ClientTimeout(total=15.0)
_COLOURS = {Severity.ERROR: typer.colors.RED, Severity.WARNING: typer.colors.YELLOW, Severity.HINT: typer.colors.BLUE}


class What(StrEnum):
    """What to do."""

    CHECK = "check"


class Unreadable(Exception):
    """There is no document; the message says why."""


def rcml(
    what: Annotated[What, typer.Argument(help="check: find what is wrong with a document.")],
    source: Annotated[str, typer.Argument(help="A file, - for standard input, or the http(s) URL of an application.")],
    method: Annotated[Method, typer.Option(help="How a URL is asked.")] = Method.POST,
    strict: Annotated[bool, typer.Option(help="Warnings are faults too.")] = False,
) -> None:
    """Check a document: errors, verbs that are never reached, missing actions, wrong values, loops that never listen.

    Exit status 1 when the document has faults, 2 when there is none to check.
    """
    _ = what  # the one thing to do, named so that others may follow
    url = source if source.startswith(("http://", "https://")) else ""
    try:
        document, charset = asyncio.run(_asked(source, method)) if url else (_read(source), "")
    except Unreadable as error:
        typer.echo(f"offhook: {error}", err=True)
        raise typer.Exit(UNREAD) from None
    findings = lint(document, VOCABULARY, url=url, charset=charset)
    for finding in findings:
        typer.echo(_line(source, finding))
    faults = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    faulty = sum(finding.severity in faults for finding in findings)
    typer.echo(f"{source}: {_counted(findings)}", err=True)
    raise typer.Exit(FAULTY if faulty else 0)


def _line(source: str, finding: Finding) -> str:
    """As compilers write it, so that editors can jump there."""
    word = typer.style(finding.severity.value, fg=_COLOURS[finding.severity], bold=True)
    return f"{source}:{finding.place.line}:{finding.place.column}: {word}: {finding.message}"


def _counted(findings: list[Finding]) -> str:
    if not findings:
        return "nothing found"
    counts = [(severity, sum(each.severity is severity for each in findings)) for severity in Severity]
    return ", ".join(f"{count} {severity}{'s' if count > 1 else ''}" for severity, count in counts if count)


def _read(source: str) -> bytes:
    try:
        with sys.stdin.buffer if source == "-" else Path(source).open("rb") as file:
            return file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise Unreadable(f"{source} cannot be read: {error.strerror}") from None


async def _asked(url: str, method: Method) -> tuple[bytes, str]:
    """The document, asked for as a developer's browser would, and its charset: the server's guard against private addresses
    does not apply to one's own application.
    """
    form = {"CallSid": "CA" + "0" * 32, "From": "+14155550100", "To": "+14155550101", "CallStatus": "in-progress"}
    sent = {"params": form} if method is Method.GET else {"data": form}
    try:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session, session.request(method, url, **sent) as response:  # type: ignore[arg-type]
            if response.status != 200:
                raise Unreadable(f"{url} answered {response.status} {response.reason}")
            return await response.content.read(SIZE_LIMIT + 1), response.charset or ""
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unreadable(f"{url} cannot be asked: {str(error) or 'no answer in time'}") from None
