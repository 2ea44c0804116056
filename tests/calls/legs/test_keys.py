from __future__ import annotations

from typing import cast

from offhook.calls.legs.keys import by_info
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallHandle
from offhook.sip.signalling import Signalling


class SignallingTwin:
    def __init__(self) -> None:
        self.sent: list[tuple[CallHandle, str, bytes]] = []

    def info(self, call: CallHandle, content_type: str, body: bytes) -> None:
        if body.startswith(b"Signal=9"):
            raise LocalProtocolError("the call has ended")
        self.sent.append((call, content_type, body))


def test_a_key_is_an_info_and_one_that_cannot_be_sent_is_nobodys_end() -> None:
    signalling = SignallingTwin()
    send = by_info(cast("Signalling", signalling), CallHandle(7))
    send("5", 160)
    send("9", 160)
    assert signalling.sent == [(CallHandle(7), "application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n")]
