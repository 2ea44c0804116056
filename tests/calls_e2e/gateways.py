"""Gateways that are no more than a socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from offhook.sip.message import Request, parse


@contextmanager
def black_hole(port: int = 0) -> Iterator[str]:
    """A gateway that takes every datagram and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", port))
        yield f"127.0.0.1:{hole.getsockname()[1]}"


@contextmanager
def answering_options(port: int) -> Iterator[None]:
    """A gateway that answers every request with 200, as one does to OPTIONS."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.bind(("127.0.0.1", port))
        gateway.settimeout(0.1)
        over = threading.Event()

        def answer() -> None:
            while not over.is_set():
                try:
                    data, peer = gateway.recvfrom(65_535)
                except TimeoutError:
                    continue
                request = parse(data)
                assert isinstance(request, Request)
                gateway.sendto(bytes(request.response(200, to_tag="gw")), peer)

        worker = threading.Thread(target=answer)
        worker.start()
        try:
            yield
        finally:
            over.set()
            worker.join(5)
