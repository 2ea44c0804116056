"""Settings of calls: how many, how long, how patient, and how numbers are read."""

from __future__ import annotations

from dataclasses import dataclass

from offhook.calls.numbers.destinations import Destinations
from offhook.calls.numbers.numbering import is_region
from offhook.calls.numbers.star_codes import StarCodes
from offhook.media.progress_tones import is_country


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """Section ``calls``."""

    max_concurrent: int = 2000
    """Live calls (legs), >= 1; a caller beyond it gets 503, an order of the API is refused."""
    max_calls_per_account: int = 0
    """Live calls (legs) of one account; a caller beyond it gets 480, an order of the API is refused. 0: no limit."""
    max_rate_per_account: float = 0.0
    """New calls a second of one account, in each direction, beyond a burst of ten. 0: no limit."""
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
    hold_music: str = ""
    """WAV file that one side of a call hears while the other holds it; empty: what the holding side sends, or silence."""
    conference_participants: int = 500
    """Participants of one conference, >= 1, however many its application allows."""
    conference_leveling: bool = True
    """Whether loud and quiet lines of a conference are brought slowly to one loudness."""
    conference_entry_sound: str = ""
    """WAV file that a conference hears when somebody comes; empty: a short tone."""
    conference_exit_sound: str = ""
    """WAV file that a conference hears when somebody goes; empty: a short tone."""
    transfer_timeout: float = 60.0
    """Seconds, > 0: that the target of a transfer may ring."""
    message_patience: float = 5.0
    """Seconds, > 0: that the sender of a text message waits for a device to take it; then it is told 202."""
    max_subscriptions_per_client: int = 100
    """Subscriptions (lamps of a phone) that one client may have, >= 1; more are refused."""
    digit_buffer: int = 64
    """Keys that wait to be asked for, >= 1; the oldest is dropped for a new one."""
    lookup_timeout: float = 2.0
    """Seconds, > 0: for the directory."""
    durable_timeout: float = 5.0
    """Seconds, > 0: that an answer (200 to an INVITE, reply of the API) waits for the row of the call."""
    region: str = ""
    """Country (two letters, ISO 3166-1) whose national way of writing numbers is read, both in numbers that are called and
    in numbers that are dialled: ``089 1234567`` in ``DE`` is ``+49891234567``. Empty: only ``+`` numbers are."""
    tones: str = ""
    """Country (two letters) whose ringing callers hear while we ring somebody for them; empty: that of ``calls.region``, else US."""
    destinations: tuple[str, ...] = ()
    """Telephone numbers that may be called: countries (``DE``), prefixes (``+4989``), ``premium`` for numbers that charge
    their caller; with ``!`` before it, what may not. Empty: all. Without one that allows: all but those forbidden."""
    strangers: bool = True
    """Whether callers who are neither clients nor trunks may call hosted numbers and clients. Without it they are asked for the
    credentials of a trunk where one has some, and else refused with 403. Numbers of accounts that have a trunk which is known by its
    password alone are not for them in any case."""
    star_codes: tuple[str, ...] = ()
    """Applications of codes that clients dial, as ``*72=https://example.com/forward``; digits behind the code are left to
    the application, which sees all of them in ``To``."""

    @property
    def tone_country(self) -> str:
        """Whose tones are played."""
        return self.tones or self.region or "US"

    def __post_init__(self) -> None:
        if self.tones and not is_country(self.tones):
            raise ValueError(
                f"calls.tones: there are no tones of {self.tones!r}; write the two letters of a country, such as DE"
            )
        if self.region and not is_region(self.region):
            raise ValueError(f"calls.region: {self.region!r} is no country; write its two letters, such as DE")
        for name, read in (("destinations", Destinations), ("star_codes", StarCodes)):
            try:
                read(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"calls.{name}: {error}") from None
