"""What a session tells of its own accord, and whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from offhook.media.events import DigitReceived, RtpLost, SpeakingChanged


class Hooks:
    """One listener for each kind of news; without one they are lost."""

    def __init__(self) -> None:
        self.on_digit: Callable[[str], None] | None = None
        """Told of each key, once, on the loop."""
        self.on_rtp_lost: Callable[[int], None] | None = None
        """Told for how many milliseconds nothing has arrived although something should."""
        self.on_speaking: Callable[[bool], None] | None = None
        """Told when it begins and stops to speak in a room that reports it."""

    def tell(self, event: DigitReceived | SpeakingChanged | RtpLost) -> None:
        """Pass on what happened to whoever wants to know, in the loop's next round."""
        loop = asyncio.get_running_loop()
        match event:
            case DigitReceived(digit=digit) if self.on_digit is not None:
                loop.call_soon(self.on_digit, digit)
            case SpeakingChanged(speaking=speaking) if self.on_speaking is not None:
                loop.call_soon(self.on_speaking, speaking)
            case RtpLost(silent=silent) if self.on_rtp_lost is not None:
                loop.call_soon(self.on_rtp_lost, silent)
