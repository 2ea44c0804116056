"""How keys travel between us and a far end."""

from __future__ import annotations

from enum import StrEnum


class InbandDtmf(StrEnum):
    """Whether keys are heard as tones."""

    AUTO = "auto"
    """Where the far end knows no telephone-event."""
    ALWAYS = "always"
    NEVER = "never"

    def hears(self, *, events: bool) -> bool:
        """Whether to listen for tones to a far end that knows ``events``, or does not."""
        return self is InbandDtmf.ALWAYS or (self is InbandDtmf.AUTO and not events)
