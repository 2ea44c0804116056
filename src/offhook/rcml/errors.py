"""What can go wrong with an application's documents; every message is for the author of the application.

RcmlError
├── DocumentError   a document that cannot be run, with the place in it
├── FetchFailed     no document came
└── VerbFailed      a verb could not do its work; the call goes on with the next one
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """Error codes of notifications, as clients of the field know them."""

    BAD_URL = 11100
    HTTP_STATUS = 11200
    CONNECTION = 11205
    TOO_LARGE = 11750
    NOT_XML = 12100
    WRONG_ROOT = 12102
    WRONG_VALUE = 12200
    CONTENT_TYPE = 12300
    AUDIO_UNAVAILABLE = 13233
    CONFERENCE_WAIT = 13234
    DIAL_NOT_CONNECTED = 13223
    SPEECH_FAILED = 13520
    RECORD_FAILED = 13600
    MEDIA_FAILED = 13400
    NO_SPEECH_INPUT = 13334
    TOO_MANY_DOCUMENTS = 13720
    NOT_FOUND = 21402


class RcmlError(Exception):
    """Root of the package's errors; ``code`` is the notification's error code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a document. Lines and columns count from 1."""

    line: int
    column: int
    element: str | None = None
    attribute: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


class DocumentError(RcmlError):
    """The document cannot be run. The message names element, attribute, value, line, column and what to do."""

    def __init__(self, problem: str, place: Place, code: Code = Code.NOT_XML) -> None:
        super().__init__(f"{place}: {problem}", code)
        self.problem = problem
        self.place = place


class FetchFailed(RcmlError):
    """No document came from the application's URL; ``sip_code`` is what an unanswered caller is told."""

    def __init__(self, message: str, code: int, *, sip_code: int = 500) -> None:
        super().__init__(message, code)
        self.sip_code = sip_code


class VerbFailed(RcmlError):
    """A verb could not do its work: noticed to the author, and the next verb runs."""
