"""What a verb needs before it runs, and what follows when it has run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Need(Enum):
    """A condition that the interpreter satisfies before it runs a verb. A verb with none also runs after a hangup."""

    LIVE = "live"
    """The call has not ended."""
    ANSWERED = "answered"
    """The call was answered; the interpreter answers it."""
    MEDIA = "media"
    """Audio flows both ways."""


ON_THE_LINE = frozenset({Need.LIVE, Need.ANSWERED, Need.MEDIA})
"""Of verbs that speak and listen."""
BEFORE_ANSWER = frozenset({Need.LIVE})
"""Of verbs that leave a ringing call ringing."""


class Method(StrEnum):
    """How a document is asked for."""

    GET = "GET"
    POST = "POST"


Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Go on with the verb that follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goto:
    """Ask the application for another document and run that instead of the rest of this one."""

    url: str
    """Relative to the present document's URL; empty is that URL itself."""
    method: Method = Method.POST
    parameters: Parameters = ()
    """Sent besides the standard ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End the call."""

    reason: str


Outcome = Next | Goto | Stop
