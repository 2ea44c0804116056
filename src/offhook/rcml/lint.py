"""What is wrong, or likely to be, with a document: found before a call does.

What a verb knows of its own use it says itself: ``advice()``, ``last`` (no verb after it ever runs) and ``listens`` (it
waits for somebody). Here is what only shows when verbs are looked at together, and what holds for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from offhook.rcml.errors import DocumentError, Place
from offhook.rcml.outcome import Need
from offhook.rcml.outline import Outline, Written, outline
from offhook.rcml.schema import Vocabulary
from offhook.rcml.values import UrlReference


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """The document cannot be run."""
    WARNING = "warning"
    """It runs, but hardly as it was meant."""
    HINT = "hint"
    """It runs, and may be meant so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found."""

    severity: Severity
    place: Place
    message: str
    """What it is and what to do, without the place."""


def lint(source: bytes | str, vocabulary: Vocabulary, *, url: str = "", charset: str = "") -> list[Finding]:
    """Everything that is found in a document, in the order in which it is written. ``url``: where the document is asked for,
    as far as that is known.
    """
    try:
        read = outline(source, vocabulary, charset=charset)
    except DocumentError as error:
        return [_error(error)]
    found = [_error(error) for error in read.errors]
    found += [
        Finding(severity=Severity.WARNING, place=each.place, message=each.message.removeprefix(f"{each.place}: "))
        for each in read.warnings
    ]
    found += _together(read, url)
    for written in _all(read.verbs):
        found += _alone(written, url)
    return sorted(found, key=lambda each: (each.place.line, each.place.column))


def _error(error: DocumentError) -> Finding:
    return Finding(severity=Severity.ERROR, place=error.place, message=error.problem)


def _all(verbs: tuple[Written, ...]) -> Iterator[Written]:
    for written in verbs:
        yield written
        yield from _all(written.nested)


def _alone(written: Written, url: str) -> Iterator[Finding]:
    """What is to be said of one element wherever it stands."""
    made = written.made
    if made is None:
        return
    name = written.element.name
    for text in made.advice() if hasattr(made, "advice") else ():
        yield Finding(severity=Severity.WARNING, place=written.place, message=f"<{name}> {text}")
    attributes = [*written.element.attributes.values(), written.element.text]
    for attribute in attributes:
        if attribute is None or not isinstance(attribute.value, UrlReference):
            continue
        value = getattr(made, attribute.field)
        if not value or urlsplit(value).scheme or url:
            continue
        where = "its text" if attribute is written.element.text else attribute.name
        yield Finding(
            severity=Severity.HINT,
            place=written.place,
            message=f'<{name}>: {where} "{value}" is relative to wherever this document is asked for; '
            "where it is sent along with a call (Twiml), there is nothing to be relative to",
        )


def _together(read: Outline, url: str) -> Iterator[Finding]:
    """What shows when the verbs of a document are looked at one after the other."""
    ended: Written | None = None
    answered = False
    for written in read.verbs:
        made = written.made
        if ended is not None:
            yield Finding(
                severity=Severity.WARNING,
                place=written.place,
                message=f"<{written.element.name}> is never reached: <{ended.element.name}> in line {ended.place.line} does not go "
                "on; move or remove it",
            )
            return
        if made is None:
            continue
        if answered and getattr(made, "refuses", False):
            yield Finding(
                severity=Severity.WARNING,
                place=written.place,
                message=f"<{written.element.name}> refuses only a call that was not answered, and a verb before it answers; "
                "here it hangs up like <Hangup>",
            )
        answered = answered or Need.ANSWERED in made.needs
        if getattr(made, "last", False):
            ended = written
    if ended is not None:
        yield from _loop(read, ended, url)


def _loop(read: Outline, ended: Written, url: str) -> Iterator[Finding]:
    """Whether a document that asks for itself again ever listens."""
    target = getattr(ended.made, "goes_to", None)
    if target is None or not url or urljoin(url, target) != url:
        return
    before = [written for written in read.verbs if written is not ended]
    if any(getattr(written.made, "listens", False) for written in before):
        return
    if before:
        yield Finding(
            severity=Severity.WARNING,
            place=ended.place,
            message="the document asks for itself again and never listens to the caller: it repeats until he hangs up; "
            "put a <Gather> or <Pause> and a way out into it",
        )
    else:
        yield Finding(
            severity=Severity.ERROR,
            place=ended.place,
            message="the document does nothing but ask for itself again: the call ends after a bounded number of rounds; "
            "redirect to another document",
        )
