"""Session timers (RFC 4028): a call holds only as long as somebody refreshes it, so that a dead far end is noticed.

Whoever refreshes does so after half of the interval; whoever waits for the other ends the call shortly before its end
(§10). How a refresh is sent is ``Conversation``'s care.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final

from offhook.sip.agent import Agent
from offhook.sip.call import Call
from offhook.sip.capabilities import TIMER
from offhook.sip.headers import SessionExpires, min_se_of
from offhook.sip.message import Request, Response
from offhook.sip.signalling import Headers
from offhook.sip.timers import Timer

_MARGIN = 32.0
"""Seconds before the end, or a third of the interval if that is less, at which the call is ended (§10)."""
_AGAIN = 2.0
"""Seconds, or a twentieth of the interval if that is more, after which a refresh is tried again that had no room beside
another request, or was refused for a reason that need not last."""


class State(Enum):
    """Whose duty the refresh is."""

    OFF = "Off"
    OURS = "Ours"
    THEIRS = "Theirs"


class Input(Enum):
    """What happens."""

    AGREED_OURS = "agreed: we refresh"
    AGREED_THEIRS = "agreed: they refresh"
    NOT_AGREED = "2xx without Session-Expires"
    HALF = "half of the interval"
    END = "end of the interval"
    STOP = "the call is over"


class Do(Enum):
    """One action."""

    START_HALF = auto()
    START_END = auto()
    STOP = auto()
    REFRESH = auto()
    END_CALL = auto()


_AGREEMENTS: Final = {
    Input.AGREED_OURS: (State.OURS, (Do.STOP, Do.START_HALF, Do.START_END)),
    Input.AGREED_THEIRS: (State.THEIRS, (Do.STOP, Do.START_END)),
    Input.NOT_AGREED: (State.OFF, (Do.STOP,)),
    Input.STOP: (State.OFF, (Do.STOP,)),
}

TABLE: Final[Mapping[State, Mapping[Input, tuple[State, tuple[Do, ...]]]]] = {
    State.OFF: _AGREEMENTS,
    State.OURS: {
        **_AGREEMENTS,
        Input.HALF: (State.OURS, (Do.REFRESH,)),
        Input.END: (State.OFF, (Do.STOP, Do.END_CALL)),
    },
    State.THEIRS: {
        **_AGREEMENTS,
        Input.END: (State.OFF, (Do.STOP, Do.END_CALL)),
    },
}


class Session:
    """The session timer of one call."""

    __slots__ = ("_call", "_end", "_half", "_timers", "interval", "least", "state")

    def __init__(self, call: Call, timers: SessionTimers) -> None:
        self.state = State.OFF
        self.interval = 0
        """Seconds that were agreed on; 0 before that."""
        self.least = 0
        """The shortest interval that a 422 asked for; 0: none did."""
        self._call = call
        self._timers = timers
        self._half: Timer | None = None
        self._end: Timer | None = None

    def agree(self, what: Input, interval: int, now: float) -> None:
        """A session request was accepted."""
        self.interval = interval
        self._feed(what, now)

    def again(self, now: float) -> None:
        """The refresh had no room, or was refused; try it again soon."""
        if self.state is State.OURS:
            pause = max(_AGAIN, self.interval / 20)
            self._half = self._timers.start(now + pause, lambda at: self._feed(Input.HALF, at))

    def stop(self) -> None:
        """The call is over."""
        self._feed(Input.STOP, 0.0)

    def _feed(self, what: Input, now: float) -> None:
        cell = TABLE[self.state].get(what)
        if cell is None:
            return
        self.state, actions = cell
        for do in actions:
            match do:
                case Do.STOP:
                    self._stop()
                case Do.START_HALF:
                    self._half = self._timers.start(now + self.interval / 2, lambda at: self._feed(Input.HALF, at))
                case Do.START_END:
                    end = now + self.interval - min(_MARGIN, self.interval / 3)
                    self._end = self._timers.start(end, lambda at: self._feed(Input.END, at))
                case Do.REFRESH:
                    self._timers.refresh(self._call, now)
                case Do.END_CALL:
                    self._timers.expired(self._call, now)

    def _stop(self) -> None:
        for timer in (self._half, self._end):
            if timer is not None:
                timer.stop()


class SessionTimers:
    """What is said of session timers in requests and responses, and what follows."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._settings = agent.settings
        self.start = agent.timers.start
        self.refresh: Callable[[Call, float], None] = lambda _call, _now: None
        """Sends a refresh; ``Conversation`` sets it."""
        self.expired: Callable[[Call, float], None] = lambda _call, _now: None
        """Ends a call; ``Conversation`` sets it."""

    # -- requests of ours -------------------------------------------------------------------------------------------

    def request_headers(self, call: Call | None) -> Headers:
        """For an INVITE or UPDATE of ours; None: of a call that is not made yet."""
        session = None if call is None else call.session
        least = max(self._settings.min_se, 0 if session is None else session.least)
        if session is not None and session.state is not State.OFF:
            refresher = "uac" if session.state is State.OURS else "uas"
            asked = SessionExpires(seconds=max(session.interval, least), refresher=refresher)
        elif self._settings.session_expires and (call is None or call.dialog is None):
            asked = SessionExpires(seconds=max(self._settings.session_expires, least))
        else:
            return ()
        headers = [("Session-Expires", str(asked))]
        return headers if least == 90 else [*headers, ("Min-SE", str(least))]

    def accepted(self, call: Call, response: Response, now: float) -> None:
        """A 2xx to an INVITE or UPDATE of ours (§7.2)."""
        agreed = SessionExpires.of(response)
        if agreed is None:
            self._off(call, now)
        else:
            ours = agreed.refresher != "uas"
            self._session(call).agree(Input.AGREED_OURS if ours else Input.AGREED_THEIRS, max(agreed.seconds, 90), now)

    def too_small(self, call: Call, response: Response) -> bool:
        """A 422 (§7.3): whether asking for more makes sense."""
        session = self._session(call)
        least = min_se_of(response)
        if response.status != 422 or least <= session.least:
            return False
        session.least = least
        session.interval = max(session.interval, least)
        return True

    # -- requests of theirs -----------------------------------------------------------------------------------------

    def refusal(self, request: Request) -> Headers | None:
        """The headers of a 422 that ``request`` deserves; None: it does not (§8.2)."""
        asked = SessionExpires.of(request)
        least = self._settings.min_se
        if asked is None or asked.seconds >= least or TIMER not in request.supported:
            return None
        return [("Min-SE", str(least))]

    def answer_headers(self, call: Call, request: Request, now: float) -> Headers:
        """For our 2xx to an INVITE or UPDATE of theirs, which is what the session holds by from now on (§9)."""
        asked, knows = SessionExpires.of(request), TIMER in request.supported
        interval = self._interval(asked, request) if asked is not None or knows else 0
        if not interval:
            self._off(call, now)
            return ()
        session = self._session(call)
        refresher = None if asked is None else asked.refresher
        if not knows:
            refresher = "uas"
        elif refresher is None:
            refresher = "uac" if session.state is State.THEIRS else "uas"
        session.agree(Input.AGREED_OURS if refresher == "uas" else Input.AGREED_THEIRS, interval, now)
        headers = [("Session-Expires", str(SessionExpires(seconds=interval, refresher=refresher)))]
        return [*headers, ("Require", TIMER)] if refresher == "uac" else headers

    def _interval(self, asked: SessionExpires | None, request: Request) -> int:
        """What they ask for, cut to what we wish, but not below what either end bears."""
        wish = self._settings.session_expires
        least = max(self._settings.min_se, min_se_of(request))
        if asked is None:
            return max(wish, least) if wish else 0
        return max(min(asked.seconds, wish) if wish else asked.seconds, least)

    def _off(self, call: Call, now: float) -> None:
        if call.session is not None:
            call.session.agree(Input.NOT_AGREED, 0, now)

    def _session(self, call: Call) -> Session:
        if call.session is None:
            call.session = Session(call, self)
        return call.session
