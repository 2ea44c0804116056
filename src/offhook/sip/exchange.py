"""One request of ours and its final response, a challenge in between answered (RFC 3261 §22.2)."""

from __future__ import annotations

from collections.abc import Callable

from offhook.sip.credentials import answered
from offhook.sip.dialog import Dialog
from offhook.sip.flow import Flow
from offhook.sip.identifiers import Identifiers
from offhook.sip.message import Request, Response
from offhook.sip.transaction.layer import Transactions
from offhook.sip.transaction.table import Input
from offhook.sip.transaction.transaction import Transaction

OnFinal = Callable[[Response | None, float], None]
"""Takes the final response, or None when none came, and the moment."""

_ATTEMPTS = 3
"""The request, the answer to its challenge, and one more for a nonce that went stale."""


class Exchange:
    """The user of one client transaction, and of those that repeat it with credentials."""

    __slots__ = ("_attempts", "_ids", "_on_final", "_password", "_transactions", "_username", "dialog", "transaction")

    def __init__(
        self,
        transactions: Transactions,
        on_final: OnFinal,
        username: str | None,
        password: str | None,
        ids: Identifiers,
    ) -> None:
        self._transactions = transactions
        self._on_final: OnFinal | None = on_final
        self._username = username
        self._password = password
        self._ids = ids
        self._attempts = 0
        self.dialog: Dialog | None = None
        """Whose sequence numbers the requests take."""
        self.transaction: Transaction | None = None

    def start(self, request: Request, flow: Flow, now: float) -> None:
        """Send it."""
        self._attempts += 1
        self.transaction = self._transactions.open_client(request, flow, self, now)

    def abandon(self, now: float) -> None:
        """Wait no longer: ``on_final(None)`` follows at once unless the final response came."""
        if self.transaction is not None:
            self.transaction.feed(Input.ABANDONED, now)

    def told(self, transaction: Transaction, message: Request | Response, now: float) -> None:
        if not isinstance(message, Response) or message.status < 200:
            return
        if self._on_final is not None and self._attempts < _ATTEMPTS:
            request = transaction.request
            again = answered(request, message, self._username, self._password, self._ids, self._next_cseq(request))
            if again is not None:
                self.start(again, transaction.flow, now)
                return
        self._finish(message, now)

    def timed_out(self, transaction: Transaction, now: float) -> None:
        self._finish(None, now)

    def unreachable(self, transaction: Transaction, now: float) -> None:
        self._finish(None, now)

    def _next_cseq(self, request: Request) -> Callable[[], int]:
        dialog = self.dialog
        return (lambda: request.cseq.number + 1) if dialog is None else dialog.next_cseq

    def _finish(self, response: Response | None, now: float) -> None:
        on_final, self._on_final = self._on_final, None
        self.transaction = None  # whose user this is: without the circle both are freed at once
        if on_final is not None:
            on_final(response, now)
