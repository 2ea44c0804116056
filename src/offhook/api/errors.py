"""What the API refuses and how it says so: a status, a code that clients test for, and what to do about it."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Code(IntEnum):
    """Error codes of the public API, the ones that clients of the de-facto standard know."""

    TOO_MANY_CALLS = 10004
    INVALID_PARAMETER = 20001
    BAD_CREDENTIALS = 20003
    METHOD_NOT_ALLOWED = 20004
    ACCOUNT_SUSPENDED = 20005
    ACCESS_DENIED = 20006
    PAGE_SIZE = 20007
    CONFLICT = 20409
    NOT_FOUND = 20404
    GONE = 20410
    BODY_TOO_LARGE = 20413
    TOO_MANY_REQUESTS = 20429
    SERVER_ERROR = 20500
    UNAVAILABLE = 20503
    NO_TO = 21201
    INVALID_URL = 21205
    INVALID_METHOD = 21206
    UNVERIFIED_FROM = 21210
    INVALID_TO = 21211
    INVALID_FROM = 21212
    NO_FROM = 21213
    UNREACHABLE = 21214
    DESTINATION_FORBIDDEN = 21215
    BAD_APPLICATION = 21218
    NOT_IN_PROGRESS = 21220
    INVALID_NUMBER = 21421
    NUMBER_TAKEN = 21452
    BAD_STATUS_CALLBACK = 21609


STATUS_CODES: Final = {
    400: Code.INVALID_PARAMETER,
    401: Code.BAD_CREDENTIALS,
    403: Code.ACCESS_DENIED,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    409: Code.CONFLICT,
    410: Code.GONE,
    413: Code.BODY_TOO_LARGE,
    429: Code.TOO_MANY_REQUESTS,
}
"""HTTP status to the code for refusals that the framework makes itself."""


class ApiError(Exception):
    """A refusal; the message names what was wrong, where, and what to do."""

    def __init__(self, status: int, code: int, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


class NotFound(ApiError):
    """Nothing is there, or nothing that the caller may see."""

    def __init__(self, what: str) -> None:
        super().__init__(404, Code.NOT_FOUND, f"The requested resource was not found: {what}")


class BadParameter(ApiError):
    """A parameter is missing or has a value that cannot be used."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(400, code, message)
