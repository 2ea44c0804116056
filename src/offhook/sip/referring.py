"""Whom we ask to call somebody else: our REFER in a call, and what its NOTIFYs tell (RFC 3515 section 2.4)."""

from __future__ import annotations

from offhook.sip.agent import Agent
from offhook.sip.call import Call
from offhook.sip.events import CallHandle, ReferTold
from offhook.sip.message import Request, Response
from offhook.sip.packages import EventName
from offhook.sip.refer import status_of
from offhook.sip.signalling import Headers
from offhook.sip.timers import Timer
from offhook.sip.transaction.transaction import Transaction


class Referring:
    """The side that subscribes by its REFER; one of each call at a time."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.open: dict[CallHandle, Timer] = {}
        """By the call; the timer bounds the wait for its last NOTIFY."""
        agent.over = self._forget

    def refer(self, call: Call, refer_to: str, headers: Headers, now: float) -> None:
        """Send it. One that is not taken, or of which nothing is told in time, ends with its own status."""
        agent = self._agent
        limit = now + agent.settings.refer_limit
        self.open[call.handle] = agent.timers.start(limit, lambda _at: self._end(call.handle, 408))

        def final(response: Response | None, _at: float) -> None:
            if response is None or response.status >= 300:
                self._end(call.handle, 408 if response is None else response.status, taken=False)

        agent.ask(call, "REFER", now, final, headers=[("Refer-To", refer_to), *headers])

    def notified(self, call: Call | None, request: Request, own: Transaction, now: float) -> None:
        """A NOTIFY; only those of our REFERs are expected. Raises ``RemoteProtocolError``: 489 for one without Event."""
        event = EventName.parse(request.get("event"))
        if call is None or event.package != "refer" or call.handle not in self.open:
            self._agent.respond(own, 481, now)
            return
        self._agent.respond(own, 200, now)
        status = status_of(request.body)
        over = (request.get("subscription-state") or "").strip().lower().startswith("terminated")
        if status is not None and status >= 200:
            self._end(call.handle, status)
        elif over:
            self._end(call.handle, 408)  # it ends without saying how

    def _forget(self, handle: CallHandle) -> bool:
        timer = self.open.pop(handle, None)
        if timer is not None:
            timer.stop()
        return timer is not None

    def _end(self, handle: CallHandle, code: int, *, taken: bool = True) -> None:
        if self._forget(handle):
            self._agent.events.append(ReferTold(call=handle, code=code, taken=taken))
