"""A flood of SIP requests without credentials: so many a second, from many addresses of the loopback network, for so long.

Bounded by its arguments and by nothing else: it neither waits for answers nor repeats what was lost.
``python -m tests.support.flood HOST:PORT --rate 2000 --seconds 10 --sources 200``.
"""

from __future__ import annotations

import argparse
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

_REQUEST = (
    "{method} sip:{user}@{host} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {source}:{port};branch=z9hG4bK-{number};rport\r\n"
    "From: <sip:{user}@{domain}>;tag={number}\r\n"
    "To: <sip:{user}@{domain}>\r\n"
    "Call-ID: flood-{source}-{number}\r\n"
    "CSeq: 1 {method}\r\n"
    "Contact: <sip:{user}@{source}:{port}>\r\n"
    "Max-Forwards: 70\r\n"
    "User-Agent: flood\r\n"
    "Content-Length: 0\r\n\r\n"
)


def requests(host: str, source: tuple[str, int]) -> Iterator[bytes]:
    """INVITE and REGISTER in turn, each for another name."""
    number = 0
    while True:
        number += 1
        yield _REQUEST.format(
            method="INVITE" if number % 2 else "REGISTER",
            user=f"{number:05d}",
            host=host,
            domain=host if number % 4 else "localhost",
            source=source[0],
            port=source[1],
            number=number,
        ).encode()


def flood(server: str, *, rate: int, seconds: float, sources: int, network: str = "127.66") -> int:
    """Send; the number of requests that left. At most 60 s and 20,000 a second."""
    host, _, port = server.rpartition(":")
    seconds, rate = min(seconds, 60.0), min(rate, 20_000)
    with ExitStack() as stack:
        senders = []
        for index in range(sources):
            sender = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sender.bind((f"{network}.{index // 250}.{index % 250 + 1}", 0))
            sender.setblocking(False)
            senders.append((sender, requests(server, sender.getsockname())))
        began, sent = time.monotonic(), 0
        while (elapsed := time.monotonic() - began) < seconds:
            while sent < elapsed * rate:
                sender, made = senders[sent % sources]
                with suppress(BlockingIOError):
                    sender.sendto(next(made), (host, int(port)))
                sent += 1
            time.sleep(0.005)
        return sent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server")
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--sources", type=int, default=200)
    options = parser.parse_args()
    sent = flood(options.server, rate=options.rate, seconds=options.seconds, sources=options.sources)
    sys.stdout.write(f"{sent}\n")


if __name__ == "__main__":
    main()
