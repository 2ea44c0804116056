"""The errors of the SIP package: what they broke, and what we would have broken. Parsing raises nothing else."""

from __future__ import annotations


class SipError(Exception):
    """Root of all errors that ``offhook.sip`` raises."""


class LocalProtocolError(SipError):
    """We would break an RFC or a state machine's rules: a bug or a bad argument on our side, nothing was sent."""


class NotLocated(SipError):
    """No server could be found for a URI (RFC 3263); the message says why. Nothing was sent."""


class RemoteProtocolError(SipError):
    """The peer broke an RFC. ``status_hint`` is the response it deserves where one can be sent at all."""

    def __init__(self, message: str, status_hint: int = 400) -> None:
        super().__init__(message)
        self.status_hint = status_hint


class NoCommonMedia(RemoteProtocolError):
    """An offer or an answer that leaves nothing to hear each other by: 488 Not Acceptable Here."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 488)
