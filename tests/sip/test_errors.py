"""The errors of the package."""

from __future__ import annotations

from offhook.sip.errors import NoCommonMedia, RemoteProtocolError, SipError


def test_an_error_of_the_peer_carries_the_status_that_it_deserves() -> None:
    assert RemoteProtocolError("x").status_hint == 400
    assert RemoteProtocolError("x", 505).status_hint == 505
    assert NoCommonMedia("x").status_hint == 488
    assert isinstance(NoCommonMedia("x"), SipError)
