"""What a session tells of its own accord, and whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from offhook.media.events import DigitReceived, PathLost, RtpLost, SpeakingChanged


class Hooks:
    """One listener for each kind of news; without one they are lost."""

    def __init__(self) -> None:
        self.on_digit: Callable[[str], None] | None = None
        """Told of each key, once, on the loop."""
        self.on_lost: Callable[[str], None] | None = None
        """Told in a sentence that nothing arrives although something should, or that there is no way to a browser."""
        self.on_speaking: Callable[[bool], None] | None = None
        """Told when it begins and stops to speak in a room that reports it."""

    def tell(self, event: DigitReceived | SpeakingChanged | RtpLost | PathLost) -> None:
        """Pass on what happened to whoever wants to know, in the loop's next round."""
        loop = asyncio.get_running_loop()
        match event:
            case DigitReceived(digit=digit) if self.on_digit is not None:
                loop.call_soon(self.on_digit, digit)
            case SpeakingChanged(speaking=speaking) if self.on_speaking is not None:
                loop.call_soon(self.on_speaking, speaking)
            case RtpLost(silent=silent) if self.on_lost is not None:
                loop.call_soon(self.on_lost, f"no audio came from the far end for {silent // 1000} s")
            case PathLost(reason=reason) if self.on_lost is not None:
                loop.call_soon(self.on_lost, reason)
