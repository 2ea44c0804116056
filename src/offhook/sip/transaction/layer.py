"""The transaction layer: finds the transaction of a message (RFC 3261 §17.1.3, §17.2.3) and holds those that live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from offhook.sip.flow import Flow
from offhook.sip.identifiers import MAGIC_COOKIE
from offhook.sip.message import Request, Response
from offhook.sip.transaction import client, invite_client, invite_server, server
from offhook.sip.transaction.table import Input
from offhook.sip.transaction.transaction import Key, Surroundings, Transaction, User


class Transactions:
    """All transactions of an endpoint."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._clients: dict[Key, Transaction] = {}
        self._servers: dict[Key, Transaction] = {}
        self._initial: dict[Key, Transaction] = {}
        """Requests outside dialogs by Call-ID, From tag and CSeq, to recognize merged ones (§8.2.2.2)."""

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    def sizes(self) -> dict[str, int]:
        """Entries of each table."""
        return {
            "client_transactions": len(self._clients),
            "server_transactions": len(self._servers),
            "initial_requests": len(self._initial),
        }

    def open_client(self, request: Request, flow: Flow, user: User, now: float) -> Transaction:
        """Send ``request`` and care for it until its final response or time-out."""
        key = (request.via.branch, request.method)

        invite = request.method == "INVITE"
        diagram = invite_client if invite else client
        data, datagrams = bytes(request), flow
        instead = self._around.sizes.instead(flow, len(data), now)
        if instead is not None:
            flow = instead
            request.replace_top_via(replace(request.via, transport=flow.transport.upper()))
        transaction = Transaction(diagram.TABLE, request, flow, user, self._around, self._client_over)
        transaction.key = key
        if invite:
            transaction.make_ack = lambda response: bytes(ack_of_failure(request, response))
        self._clients[key] = transaction
        if instead is None:
            transaction.begin(diagram.START, now, data=data)
        else:
            transaction.begin_large(diagram.START, datagrams, now)
        return transaction

    def open_server(
        self, request: Request, flow: Flow, user: User, now: float, trying: bytes | None = None
    ) -> Transaction:
        """Care for a request that came in; ``flow`` is where its responses go, ``trying`` the 100 of an INVITE."""
        key = _server_key(request, request.method)
        merge_key = _merge_key(request) if not request.to_tag else None

        diagram = invite_server if request.method == "INVITE" else server
        transaction = Transaction(diagram.TABLE, request, flow, user, self._around, self._server_over)
        transaction.key, transaction.merge_key = key, merge_key
        self._servers[key] = transaction
        if merge_key is not None:
            self._initial[merge_key] = transaction
        transaction.begin(diagram.START, now, request, trying)
        return transaction

    def server_of(self, request: Request) -> Transaction | None:
        """The transaction that a request belongs to: its retransmission, or the ACK of a failure."""
        return self._servers.get(_server_key(request, "INVITE" if request.method == "ACK" else request.method))

    def cancelled_by(self, cancel: Request) -> Transaction | None:
        """The INVITE that a CANCEL means (§9.2)."""
        return self._servers.get(_server_key(cancel, "INVITE"))

    def merged(self, request: Request) -> bool:
        """Whether this request, which no transaction knows, came by another way already (§8.2.2.2)."""
        return _merge_key(request) in self._initial

    def receive_response(self, response: Response, now: float) -> bool:
        """Give a response to its transaction; False when there is none."""
        transaction = self._clients.get((response.via.branch, response.cseq.method))
        if transaction is None:
            return False
        status = response.status
        what = Input.PROVISIONAL if status < 200 else Input.SUCCESS if status < 300 else Input.FAILURE
        transaction.feed(what, now, response)
        return True

    def fail(self, destination: Flow, now: float) -> None:
        """Tell every transaction towards ``destination`` that it cannot be reached."""
        for transaction in [one for one in self._all() if one.flow == destination]:
            transaction.feed(Input.TRANSPORT_ERROR, now)

    def _client_over(self, ended: Transaction) -> None:
        self._clients.pop(ended.key, None)

    def _server_over(self, ended: Transaction) -> None:
        self._servers.pop(ended.key, None)
        if ended.merge_key is not None and self._initial.get(ended.merge_key) is ended:
            del self._initial[ended.merge_key]

    def _all(self) -> Iterator[Transaction]:
        yield from self._clients.values()
        yield from self._servers.values()


def respond_with(transaction: Transaction, response: Response, now: float) -> None:
    """Send a response through its server transaction."""
    status = response.status
    what = Input.PROVISIONAL if status < 200 else Input.SUCCESS if status < 300 else Input.FAILURE
    transaction.feed(what, now, data=bytes(response))
    if status >= 200 and transaction.request.method != "INVITE":
        transaction.retire()


def ack_of_failure(request: Request, response: Response) -> Request:
    """The ACK that ends an INVITE with a failure: same branch, the To of the response (§17.1.1.3)."""
    headers = [
        ("Via", str(request.via)),
        ("Max-Forwards", "70"),
        *(("Route", value) for value in request.lines("route")),
        ("From", request.get("from") or ""),
        ("To", response.get("to") or ""),
        ("Call-ID", request.call_id),
        ("CSeq", f"{request.cseq.number} ACK"),
    ]
    return Request.build("ACK", request.uri, headers)


def _server_key(request: Request, method: str) -> Key:
    via = request.via
    if via.branch[:7] == MAGIC_COOKIE:
        return (via.branch, via.sent_by, method)
    # RFC 2543 peers: the parts that stay the same in an ACK and a CANCEL (§17.2.3).
    return (request.call_id, request.from_tag, str(request.cseq.number), via.sent_by, via.branch, method)


def _merge_key(request: Request) -> Key:
    return (request.call_id, request.from_tag, str(request.cseq.number), request.method)
