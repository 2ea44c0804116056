"""SIP over UDP: one socket, read until it is empty at each wake-up, since asyncio's own datagram transport reads one
datagram per wake-up. It knows no SIP. Clients that ask by STUN how they are seen, to keep their way open, are told (RFC 5626 §3.5.2).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import structlog

from offhook.sip import stun
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.stun import is_stun

_LOG = structlog.get_logger(__name__)
_LARGEST = 65_535
_BUFFER = 4 << 20
"""Bytes asked of the kernel for each direction: a second of INVITEs at full rate."""


class UdpSocket:
    """One bound socket. What cannot be sent at once is dropped, as the network does: transactions send it again."""

    def __init__(
        self,
        address: HostPort,
        on_datagram: Callable[[bytes, Flow], None],
        on_batch: Callable[[], None],
        batch: int,
        number: int = 1,
    ) -> None:
        """``on_batch`` is called after each burst of at most ``batch`` datagrams; ``number`` names it in flows."""
        self._number = number
        self._on_datagram = on_datagram
        self._on_batch = on_batch
        self._batch = batch
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.bind(address)
        except OSError:
            self._socket.close()
            raise
        host, port = self._socket.getsockname()[:2]
        self.address = HostPort(host, port)
        self._reading = False
        self.on_stun: Callable[[bytes], None] = lambda _data: None
        """Told what STUN servers answer."""
        self.dropped = 0
        """Datagrams that the kernel would not take."""

    def open(self) -> None:
        """Begin to read, on the running loop."""
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._readable)
        self._reading = True

    def close(self) -> None:
        if self._reading:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._reading = False
        self._socket.close()

    def send(self, data: bytes, host: str, port: int) -> bool:
        """Send one datagram; False when the address cannot be reached at all."""
        try:
            self._socket.sendto(data, (host, port))
        except BlockingIOError:
            self.dropped += 1
        except OSError as error:
            _LOG.debug("datagram not sent", host=host, port=port, error=str(error))
            return False
        return True

    def _readable(self) -> None:
        receive = self._socket.recvfrom
        for _ in range(self._batch):
            try:
                data, address = receive(_LARGEST)
            except BlockingIOError:
                break
            except OSError as error:
                _LOG.debug("socket error read", error=str(error))  # an ICMP error of an earlier datagram
                continue
            if is_stun(data):
                self._stun(data, HostPort(address[0], address[1]))
                continue
            self._on_datagram(data, Flow(Transport.UDP, address[0], address[1], self._number))
        self._on_batch()

    def _stun(self, data: bytes, source: HostPort) -> None:
        answer = stun.answer(data, source)
        if answer is None:
            self.on_stun(data)
        else:
            self.send(answer, *source)
