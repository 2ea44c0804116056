"""Settings of calls: how many, how long, and how patient."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """Section ``calls``."""

    max_concurrent: int = 2000
    """Live calls (legs), >= 1; a caller beyond it gets 503, an order of the API is refused."""
    max_duration: float = 14_400.0
    """Seconds, > 0: longest life of an answered call that came in."""
    max_dial_targets: int = 10
    """Targets of one <Dial>, >= 1; those beyond it are not rung."""
    drain_limit: float = 120.0
    """Seconds, >= 0: that calls in progress may go on when the server is told to stop."""
    setup_timeout: float = 20.0
    """Seconds, > 0: to look up, open media and send the INVITE of an outgoing call, beyond its ringing time."""
    script_grace: float = 35.0
    """Seconds, > 0: that a script may go on after the hangup (actions, messages); then it is cancelled."""
    hangup_timeout: float = 5.0
    """Seconds, > 0: that a hangup waits for signalling and media to close."""
    digit_buffer: int = 64
    """Keys that wait to be asked for, >= 1; the oldest is dropped for a new one."""
    lookup_timeout: float = 2.0
    """Seconds, > 0: for the directory."""
    durable_timeout: float = 5.0
    """Seconds, > 0: that an answer (200 to an INVITE, reply of the API) waits for the row of the call."""
