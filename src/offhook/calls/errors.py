"""What can be wrong with where a call shall go."""

from __future__ import annotations


class Unroutable(Exception):
    """There is no way there; the message says why, ``sip_code`` is what a caller is told, ``code`` what the API tells."""

    def __init__(self, message: str, *, sip_code: int = 404, code: int = 21214) -> None:
        super().__init__(message)
        self.sip_code = sip_code
        self.code = code
