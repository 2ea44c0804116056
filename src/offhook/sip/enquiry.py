"""A request outside dialogs that goes from server to server until one responds (RFC 3263 §4.3): OPTIONS, REGISTER, MESSAGE.

INVITE has more to keep apart (CANCEL, late answers) and fails over in ``inviting``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from offhook.sip.agent import Agent
from offhook.sip.exchange import Exchange, OnFinal
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response


class Enquiry:
    """One request at one server after the other; ``on_final`` is told the first response that is no 503, else the last
    thing that came, else None. Each server is given ``SipSettings.failover_timeout`` for its final response.
    """

    __slots__ = ("_agent", "_build", "_on_final", "_password", "_servers", "_username")

    def __init__(
        self,
        agent: Agent,
        build: Callable[[Flow], Request],
        on_final: OnFinal,
        *,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        """``build`` makes the request for one server: its Via and Contact name the way there."""
        self._agent = agent
        self._build = build
        self._on_final = on_final
        self._username = username
        self._password = password
        self._servers: list[Flow] = []

    def start(self, servers: Sequence[Flow], now: float) -> None:
        """Send it. When all servers have asked for a pause it is sent all the same: that is how one learns that they are back."""
        self._servers = list(self._agent.outages.worth_trying(servers, now) or servers)
        self._next(None, now)

    def _next(self, last: Response | None, now: float) -> None:
        if not self._servers:
            self._on_final(last, now)
            return
        agent, server = self._agent, self._servers.pop(0)

        def final(response: Response | None, at: float) -> None:
            limit.stop()
            if response is None:
                agent.outages.silent(server, at)
                self._next(last, at)
            elif response.status == 503:
                agent.outages.unavailable(server, response, at)
                self._next(response, at)
            else:
                agent.outages.responds(server)
                self._on_final(response, at)

        exchange = Exchange(agent.transactions, final, self._username, self._password, agent.ids)
        limit = agent.timers.start(now + agent.settings.failover_timeout, exchange.abandon)
        exchange.start(self._build(server), server, now)
