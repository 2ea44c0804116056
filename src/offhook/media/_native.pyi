"""The compiled media engine (``native/py``). Times are milliseconds; only ``media.native`` imports it."""

from collections.abc import Sequence

class Engine:
    """Threads, sockets and sessions. No method waits but ``join``.

    What cannot be true of any command (an address that is none, a number out of range) is a ``ValueError``; an id that
    is at work already is a ``RuntimeError``. Everything else comes back through ``drain``.
    """

    def __init__(
        self,
        *,
        port_low: int,
        port_high: int,
        shards: int,
        jitter_least: int,
        jitter_most: int,
        rtp_timeout: int,
        keepalive: int,
        prompt_cache: int,
        streams: int,
        browsers: tuple[str, int, bytes, bytes, int] | None = None,
    ) -> None: ...
    def open_session(self, command: int, session: int, host: str, port: int) -> None: ...
    def open_to_browser(
        self, command: int, session: int, local: tuple[str, str], lite: bool, controlling: bool
    ) -> None: ...
    def browser_port(self) -> tuple[int, str]:
        """The UDP port that browsers share; or 0 and why there is none."""
    def browser_entries(self) -> int:
        """What is known of sessions at that port: names, sources, places."""
    def connect(
        self,
        command: int,
        session: int,
        host: str,
        port: int,
        codec_name: str,
        payload_type: int,
        accepts: Sequence[tuple[int, str]],
        dtmf: int | None,
        ptime: int,
        direction_name: str,
        unconfirmed_limit: int,
        dtmf_accepts: int | None = None,
        security: tuple[str, bytes, bytes] | None = None,
        dtmf_clock: int = 8000,
        opus: tuple[int, int, bool, bool] | None = None,
        inband_dtmf: bool = False,
        dtmf_signalled: bool = False,
        rtcp_mux: bool = False,
        comfort_noise: int | None = None,
        peer: tuple[tuple[str, str], tuple[str, str], tuple[str, bytes], bool, Sequence[str]] | None = None,
    ) -> None: ...
    def play(
        self,
        command: int,
        session: int,
        sources: Sequence[tuple[object, ...]],
        repeat: int,
        stop_on: str,
        stop_on_voice: tuple[float, float, int, int] | None = None,
        offset: int = 0,
        gain: float = 0.0,
    ) -> None: ...
    def supply(self, stream: int, data: bytes, last: bool) -> None: ...
    def set_gain(self, target: int, gain: float) -> None: ...
    def send_digits(self, command: int, session: int, digits: str, on: int, off: int) -> None: ...
    def record(
        self,
        command: int,
        session: int,
        path: str,
        form: tuple[str, str, int, int, bool],
        max_length: int,
        silence: int,
        finish_on: str,
        beep: bool,
        trim: bool,
    ) -> None: ...
    def pause(self, recording: int, behavior: str | None) -> None: ...
    def bridge(self, command: int, a: int, b: int) -> None: ...
    def join_room(
        self, command: int, session: int, room: int, membership: tuple[bool, bool, int | None, float, bool, bool]
    ) -> None: ...
    def change_member(
        self, command: int, session: int, membership: tuple[bool, bool, int | None, float, bool, bool]
    ) -> None: ...
    def announce(self, command: int, room: int, sources: Sequence[tuple[object, ...]], repeat: int) -> None: ...
    def record_room(self, command: int, room: int, path: str) -> None: ...
    def tap(
        self, command: int, session: int, inbound: bool, outbound: bool, rate: int, chunk: int, backlog: int
    ) -> None: ...
    def detect(
        self, command: int, session: int, heeds: tuple[float, float, int, int] | None, silence: int, tones: bool
    ) -> None: ...
    def inject(self, command: int, session: int, rate: int, backlog: int) -> None: ...
    def inject_audio(self, stream: int, data: bytes, last: bool) -> None: ...
    def inject_mark(self, stream: int, name: str) -> None: ...
    def inject_clear(self, stream: int) -> None: ...
    def cancel(self, target: int) -> None: ...
    def measure(self, command: int, session: int) -> None: ...
    def close_session(self, command: int, session: int) -> None: ...
    def fileno(self) -> int:
        """An eventfd, readable while ``drain`` has something."""

    def drain(self) -> list[tuple[object, ...]]:
        """Everything that happened since the last time, in order; the first element names the kind."""

    def metrics(self) -> dict[str, int]:
        """Counters and lateness of ticks (microseconds), of all shards together."""

    def reset_lateness(self) -> None:
        """Begin a new count of lateness, for a measurement."""

    def pending(self) -> int:
        """Commands that have not ended."""

    def stop(self) -> None:
        """Tell the threads to end; no command is taken after it."""

    def join(self, milliseconds: int) -> bool:
        """Wait for the threads, at most so long; whether all have ended."""

def decode(data: bytes, longest: int) -> tuple[bytes, int]:
    """A sound file as 16-bit samples of one channel, and their rate. ``ValueError`` when it cannot be decoded."""
