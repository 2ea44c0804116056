"""Reliable provisional responses and PRACK (RFC 3262): ours until they are acknowledged, theirs as they come.

One of ours is open at a time; it is sent again at intervals that double from T1, for 64*T1, then the INVITE is refused
(504). Policy: ``SipSettings.prack``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final

from offhook.sip.agent import Agent
from offhook.sip.call import Call
from offhook.sip.capabilities import RELIABLE
from offhook.sip.dialog import Dialog
from offhook.sip.events import CallRinging, EndCause, OfferAnswered, OfferReceived
from offhook.sip.headers import RAck, rseq_of
from offhook.sip.message import Request, Response
from offhook.sip.offering import OfferInput, OfferState
from offhook.sip.signalling import Headers
from offhook.sip.timers import Timer
from offhook.sip.transaction.table import Input as Way
from offhook.sip.transaction.transaction import Transaction

MAX_WAITING: Final = 4
"""Provisional responses that wait for the PRACK of the one before; for one more, the oldest without SDP is dropped."""


class State(Enum):
    """Of our reliable provisional responses to one INVITE."""

    QUIET = "Quiet"
    OPEN = "Open"
    DONE = "Done"


class Input(Enum):
    """What happens to them."""

    SEND = "one is to be sent"
    PRACK = "PRACK"
    INTERVAL = "interval"
    LIMIT = "64*T1"
    FINAL = "final response"


class Do(Enum):
    """One action."""

    SEND = auto()
    QUEUE = auto()
    RESEND = auto()
    START_INTERVAL = auto()
    START_LIMIT = auto()
    STOP = auto()
    SEND_NEXT = auto()
    REFUSE = auto()


TABLE: Final[Mapping[State, Mapping[Input, tuple[State, tuple[Do, ...]]]]] = {
    State.QUIET: {
        Input.SEND: (State.OPEN, (Do.SEND, Do.START_INTERVAL, Do.START_LIMIT)),
        Input.FINAL: (State.DONE, ()),
    },
    State.OPEN: {
        Input.SEND: (State.OPEN, (Do.QUEUE,)),
        Input.INTERVAL: (State.OPEN, (Do.RESEND, Do.START_INTERVAL)),
        Input.PRACK: (State.QUIET, (Do.STOP, Do.SEND_NEXT)),
        Input.LIMIT: (State.DONE, (Do.STOP, Do.REFUSE)),
        Input.FINAL: (State.DONE, (Do.STOP,)),
    },
    State.DONE: {},
}


class _Provisional:
    """One of ours."""

    __slots__ = ("code", "headers", "sdp")

    def __init__(self, code: int, headers: Headers, sdp: bytes | None) -> None:
        self.code = code
        self.headers = headers
        self.sdp = sdp


class Provisionals:
    """Our reliable provisional responses to one INVITE."""

    __slots__ = (
        "_agent", "_data", "_interval", "_limit", "_refuse", "_repeat", "_transaction", "_waiting", "call", "open", "rseq",
        "state",
    )  # fmt: skip

    def __init__(self, agent: Agent, call: Call, refuse: Callable[[Call, float], None]) -> None:
        """``refuse`` ends the call when nobody acknowledges."""
        assert call.transaction is not None
        self.call = call
        self.state = State.QUIET
        self.rseq = agent.ids.below(1 << 30)
        """Of the last that was sent; the first is drawn from a wide range (§3)."""
        self.open: _Provisional | None = None
        """What waits for its PRACK."""
        self._agent = agent
        self._transaction = call.transaction
        self._refuse = refuse
        self._waiting: deque[_Provisional] = deque()
        self._data = b""
        self._interval = 0.0
        self._repeat: Timer | None = None
        self._limit: Timer | None = None

    @property
    def holds_answer(self) -> bool:
        """Whether a 2xx has to wait: a description is not acknowledged yet (§3)."""
        return self.open is not None and any(one.sdp is not None for one in (self.open, *self._waiting))

    def send(self, code: int, headers: Headers, sdp: bytes | None, now: float) -> None:
        """Send one, when those before it are acknowledged."""
        self._feed(Input.SEND, now, _Provisional(code, headers, sdp))

    def meant_by(self, rack: RAck) -> bool:
        """Whether a PRACK means the one that is open, or was when the final response went out."""
        known = (rack.rseq, rack.cseq, rack.method) == (self.rseq, self.call.invite.cseq.number, "INVITE")
        return known and self.state is not State.QUIET

    def acknowledged(self, now: float) -> None:
        """Its PRACK came."""
        self._feed(Input.PRACK, now)

    def finish(self) -> None:
        """A final response goes out, or the call is over."""
        self._feed(Input.FINAL, 0.0)

    def _feed(self, what: Input, now: float, provisional: _Provisional | None = None) -> None:
        cell = TABLE[self.state].get(what)
        if cell is not None:
            self.state, actions = cell
            for do in actions:
                self._do(do, now, provisional)

    def _do(self, do: Do, now: float, provisional: _Provisional | None) -> None:
        match do:
            case Do.SEND if provisional is not None:
                self._send(provisional, now)
            case Do.QUEUE if provisional is not None:
                self._queue(provisional)
            case Do.RESEND:
                self._transaction.feed(Way.PROVISIONAL, now, data=self._data)
            case Do.START_INTERVAL:
                self._repeat = self._start(Input.INTERVAL, now + self._interval)
                self._interval *= 2
            case Do.START_LIMIT:
                self._limit = self._start(Input.LIMIT, now + self._agent.durations.patience)
            case Do.STOP:
                self._stop()
            case Do.SEND_NEXT if self._waiting:
                self._feed(Input.SEND, now, self._waiting.popleft())
            case Do.REFUSE:
                self._refuse(self.call, now)
            case _:
                pass

    def _start(self, what: Input, when: float) -> Timer:
        return self._agent.timers.start(when, lambda at: self._feed(what, at))

    def _stop(self) -> None:
        self.open = None
        for timer in (self._repeat, self._limit):
            if timer is not None:
                timer.stop()

    def _send(self, provisional: _Provisional, now: float) -> None:
        call, agent = self.call, self._agent
        self.rseq += 1
        self.open = provisional
        self._interval = agent.durations.t1
        own = [("Contact", agent.contact(call.flow, sips=call.sips)), *agent.capabilities]
        reliable = [("Require", RELIABLE), ("RSeq", str(self.rseq))]
        sdp = provisional.sdp
        if sdp is not None and call.dialog is not None:
            if call.dialog.said is None:
                call.dialog.say(sdp)
            else:
                sdp = None  # what was said reliably is not said again, lest it be taken for an offer
        response = agent.response(
            call.invite,
            provisional.code,
            to_tag=call.local_tag,
            headers=[*own, *reliable, *provisional.headers],
            body=sdp or b"",
        )
        self._data = bytes(response)
        self._transaction.feed(Way.PROVISIONAL, now, data=self._data)

    def _queue(self, provisional: _Provisional) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.remove(next((one for one in self._waiting if one.sdp is None), self._waiting[0]))
        self._waiting.append(provisional)


class Reliable:
    """RFC 3262 in both roles."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.acknowledged: Callable[[Call, float], None] = lambda _call, _now: None
        """Told when a PRACK came and its response is out: a 2xx may have waited for it; ``Answering`` sets it."""

    # -- ours -------------------------------------------------------------------------------------------------------

    def wanted(self, call: Call, sdp: bytes | None) -> bool:
        """Whether a provisional response goes reliably: all when the caller requires it, else what describes audio."""
        if self._agent.settings.prack == "never":
            return False
        return RELIABLE in call.invite.require or (sdp is not None and RELIABLE in call.invite.supported)

    def possible(self, invite: Request) -> bool:
        """Whether a description may go reliably before the answer to ``invite``."""
        return self._agent.settings.prack != "never" and RELIABLE in (*invite.require, *invite.supported)

    def send(self, call: Call, code: int, headers: Headers, sdp: bytes | None, now: float) -> None:
        """Send a provisional response until it is acknowledged."""
        if call.provisionals is None:
            call.provisionals = Provisionals(self._agent, call, self._give_up)
        call.provisionals.send(code, headers, sdp, now)

    def _give_up(self, call: Call, now: float) -> None:
        agent = self._agent
        if call.transaction is not None:
            agent.respond(call.transaction, 504, now, to_tag=call.local_tag)
        agent.end(call, EndCause.NO_PRACK, 504)

    def pracked(self, call: Call, dialog: Dialog, prack: Request, own: Transaction, now: float) -> None:
        """A PRACK of theirs, with an answer, an offer or neither."""
        agent, provisionals = self._agent, call.provisionals
        if provisionals is None or not provisionals.meant_by(RAck.of(prack)):
            agent.respond(own, 481, now)
            return
        sdp = prack.sdp
        if sdp is not None and dialog.offers.take(OfferInput.OFFER_CAME):
            agent.await_decision(call, own, now)
            agent.events.append(OfferReceived(call=call.handle, request=prack, offer=sdp))
            provisionals.acknowledged(now)
            return
        agent.respond(own, 200, now)
        provisionals.acknowledged(now)
        if sdp is not None and dialog.offers.take(OfferInput.ANSWER_CAME):
            agent.events.append(OfferAnswered(call=call.handle, sdp=sdp))
        self.acknowledged(call, now)

    # -- theirs -----------------------------------------------------------------------------------------------------

    def came(self, call: Call, dialog: Dialog, response: Response, now: float) -> CallRinging | None:
        """A provisional response of theirs in ``dialog``: what to tell of it. None: it came before, or too early (§4)."""
        number = rseq_of(response) if self._agent.settings.prack != "never" else None
        sdp = response.sdp
        if number is None:
            fresh = dialog.offers.state is OfferState.OURS  # else the answer has been given, reliably
            return CallRinging(call=call.handle, response=response, sdp=sdp if fresh else None)
        if dialog.rseq and number != dialog.rseq + 1:
            return None
        dialog.rseq = number
        if sdp is not None and dialog.said is None and dialog.offers.take(OfferInput.OFFER_CAME):
            call.due.append((dialog, response))
            return CallRinging(call=call.handle, response=response, sdp=sdp, answer_due=True)
        answers = sdp is not None and dialog.offers.take(OfferInput.ANSWER_CAME)
        self._prack(call, dialog, response, None, now)
        return CallRinging(call=call.handle, response=response, sdp=sdp if answers else None)

    def answer(self, call: Call, sdp: bytes, now: float) -> None:
        """Our answer to the oldest offer that came in a reliable provisional response."""
        dialog, response = call.due.pop(0)
        dialog.say(sdp)
        self._prack(call, dialog, response, sdp, now)

    def _prack(self, call: Call, dialog: Dialog, response: Response, sdp: bytes | None, now: float) -> None:
        rack = RAck(dialog.rseq, response.cseq.number, response.cseq.method)
        # What becomes of it is of no interest: one that fails shows in the final response to the INVITE.
        self._agent.ask(
            call,
            "PRACK",
            now,
            lambda _response, _at: None,
            headers=[("RAck", str(rack))],
            body=sdp or b"",
            dialog=dialog,
        )
