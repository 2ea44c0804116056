"""Thousands of SIP clients over UDP, as cheap as possible: they register with digest, refresh, and send keep-alives.

Each has an address of its own in 127.0.0.0/8, as clients behind different NATs have.
"""

from __future__ import annotations

import hashlib
import math
import re
import select
import socket
import time
from types import TracebackType
from typing import Self

from bench.signalling_server import DOMAIN, PASSWORD
from offhook.security.digest import ha1

_NONCE = re.compile(rb'nonce="([^"]+)"')
_CALL_ID = re.compile(rb"\r\nCall-ID: c(\d+)-", re.IGNORECASE)
_COPIED = (b"Via:", b"From", b"To: ", b"Call", b"CSeq")
_WINDOW = 64
"""Requests under way at once: the server is kept busy and its socket buffer is not overrun."""
_PATIENCE = 5.0


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class Clients:
    """``count`` of them; a context manager that closes their sockets."""

    def __init__(self, port: int, count: int, per_socket: int = 10) -> None:
        self._server = ("127.0.0.1", port)
        self._count = count
        self._per_socket = per_socket
        self._sockets: list[socket.socket] = []
        self._nonces: dict[int, tuple[str, int]] = {}
        self._rounds = 0
        self.lost = 0
        """Clients of the last round that got no final answer."""

    def __enter__(self) -> Self:
        for number in range(-(-self._count // self._per_socket)):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.bind((f"127.1.{number // 250}.{number % 250 + 1}", 0))
            one.setblocking(False)
            self._sockets.append(one)
        self._poll = select.epoll()
        self._by_fd = {one.fileno(): one for one in self._sockets}
        for descriptor in self._by_fd:
            self._poll.register(descriptor, select.EPOLLIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._sockets:
            one.close()
        self._poll.close()

    def register(self, rate: float = math.inf) -> int:
        """All of them once, so many a second or as fast as they are answered; gives how many registered."""
        self._rounds += 1
        started = time.monotonic()
        waiting, done, following = set[int](), 0, 0
        while following < self._count or waiting:
            due = (time.monotonic() - started) * rate
            while following < min(self._count, due) and len(waiting) < _WINDOW:
                self._send(following)
                waiting.add(following)
                following += 1
            heard = self._heard(_PATIENCE if waiting else 1 / rate)
            if heard is None and not waiting:
                continue
            if heard is None:
                break
            for client, data in heard:
                if data.startswith(b"SIP/2.0 401"):
                    nonce = _NONCE.search(data)
                    assert nonce is not None
                    self._nonces[client] = (nonce[1].decode(), 0)
                    self._send(client)
                elif client in waiting:
                    waiting.discard(client)
                    done += data.startswith(b"SIP/2.0 200")
        self.lost = self._count - done
        return done

    def keep_alive(self, every: float, seconds: float = 45.0) -> float:
        """Every client answers OPTIONS and sends CR LF CR LF once in ``every`` seconds, for ``seconds``; gives how long it took."""
        started = time.monotonic()
        rate = self._count / every
        sent = 0
        while (passed := time.monotonic() - started) < seconds:
            while sent < passed * rate:
                self._socket(sent % self._count).sendto(b"\r\n\r\n", self._server)
                sent += 1
            self._heard(0.01)
        return time.monotonic() - started

    def _socket(self, client: int) -> socket.socket:
        return self._sockets[client // self._per_socket]

    def _heard(self, patience: float) -> list[tuple[int, bytes]] | None:
        """Responses, each with its client; None when nothing came at all. OPTIONS of the server are answered."""
        ready = self._poll.poll(patience)
        found = []
        for descriptor, _ in ready:
            try:
                while True:
                    data = self._by_fd[descriptor].recv(4096)
                    call_id = _CALL_ID.search(data)
                    if call_id is not None:
                        found.append((int(call_id[1]), data))
                    elif data.startswith(b"OPTIONS"):
                        copied = [line for line in data.split(b"\r\n") if line[:4] in _COPIED]
                        answer = b"\r\n".join([b"SIP/2.0 200 OK", *copied, b"Content-Length: 0\r\n\r\n"])
                        self._by_fd[descriptor].sendto(answer, self._server)
            except BlockingIOError:
                continue
        return found if ready else None

    def _send(self, client: int) -> None:
        one = self._socket(client)
        host, port = one.getsockname()
        nonce, count = self._nonces.get(client, ("", 0))
        uri = f"sip:{DOMAIN}"
        credentials = ""
        if nonce:
            count += 1
            self._nonces[client] = (nonce, count)
            secret = ha1(f"u{client}", DOMAIN, PASSWORD, "MD5")
            proof = _md5(f"{secret}:{nonce}:{count:08x}:c:auth:{_md5(f'REGISTER:{uri}')}")
            credentials = (
                f'Authorization: Digest username="u{client}", realm="{DOMAIN}", nonce="{nonce}", uri="{uri}", '
                f'response="{proof}", algorithm=MD5, qop=auth, nc={count:08x}, cnonce="c"\r\n'
            )
        cseq = self._rounds * 10 + (1 if nonce else 0)
        one.sendto(
            (
                f"REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{client}-{cseq};rport\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:u{client}@{DOMAIN}>;tag={client}\r\nTo: <sip:u{client}@{DOMAIN}>\r\n"
                f"Call-ID: c{client}-x\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:u{client}@{host}:{port}>\r\nExpires: 3600\r\n"
                f"User-Agent: a phone\r\n{credentials}Content-Length: 0\r\n\r\n"
            ).encode(),
            self._server,
        )
