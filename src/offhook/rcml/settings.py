"""Settings of documents and their verbs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RcmlSettings:
    """How documents are fetched and how far they may go."""

    hangup_limit: float = 30.0
    """Seconds that a document has after its caller hung up: actions of Record and Dial, messages; 1..300."""
    farewell_limit: float = 20.0
    """Seconds that the apology to the caller of a failed application may take; 1..60."""
    apology: str = "We are sorry. The application that answers this call has failed. Goodbye."
    """What an answered caller hears when the application fails; empty says nothing."""
    idle_documents: int = 1_000
    """Documents in a row that do nothing but redirect, after which the call is ended; 10..100000."""
    notices_per_call: int = 100
    """Notifications that one call may cause; 1..10000. Later ones are dropped and counted in the last."""
    audio_limit: int = 16_777_216
    """Bytes of one sound file; 65536..1073741824."""
    stream_limit: float = 14_400.0
    """Seconds that one stream may be played, such as a radio station's; 1..86400."""
    audio_cache: int = 67_108_864
    """Bytes of sound files kept in memory; 0 keeps none."""
