"""(e) What the engine adds to the way of a packet that passes through a bridge, beside a bare socket on the same loopback.

The engine runs in a process of its own on one core, both far ends in this one on another. Each packet is sent alone and waited
for, so nothing queues. Half a minute.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import subprocess
import sys
import time

from bench import measuring
from offhook.media.commands import Codec
from offhook.media.native import NativeEngine
from offhook.media.session import Sessions
from offhook.media.settings import MediaSettings

PACKETS = 2000
PAUSE = 0.005
MARK_US = 1000


async def serve(far: tuple[int, int]) -> None:
    """The engine with two bridged sessions towards ``far``: prints their ports, runs to the end of standard input."""
    engine = NativeEngine(MediaSettings(port_low=23_000, port_high=23_099, shards=1))
    sessions = Sessions(engine)
    ends = []
    for port in far:
        session = sessions.create()
        await session.open("127.0.0.1")
        await session.connect(remote=("127.0.0.1", port), codec=Codec.PCMU, payload_type=0)
        ends.append(session)
    ends[0].start_bridge(ends[1])
    print(" ".join(str(end.local.port) for end in ends if end.local is not None), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await sessions.close()


def times(sender: socket.socket, to: int, receiver: socket.socket) -> list[float]:
    """Microseconds that each packet took from one socket to the other."""
    took = []
    for number in range(PACKETS):
        header = (
            bytes([0x80, 0]) + (number & 0xFFFF).to_bytes(2, "big") + (number * 160).to_bytes(4, "big") + b"\0\0\0\7"
        )
        began = time.perf_counter()
        sender.sendto(header + bytes(160), ("127.0.0.1", to))
        receiver.recv(2048)
        took.append((time.perf_counter() - began) * 1e6)
        time.sleep(PAUSE)
    return sorted(took[100:])


def show(name: str, took: list[float]) -> None:
    print(f"    {name:<9} p50 {statistics.median(took):5.0f} us, p99 {took[len(took) * 99 // 100]:5.0f} us")


def main() -> None:
    if len(sys.argv) > 3 and sys.argv[1] == "--serve":
        asyncio.run(serve((int(sys.argv[2]), int(sys.argv[3]))))
        return
    print(f"(e) way of a packet through a bridge of two G.711 legs; {measuring.conditions()}")
    ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for end in ends:
        end.bind(("127.0.0.1", 0))
        end.settimeout(2)
    ports = [str(end.getsockname()[1]) for end in ends]
    bare = times(ends[0], int(ports[1]), ends[1])
    command = measuring.pinned(0, sys.executable, "-m", "bench.latency", "--serve", *ports)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        first, second = map(int, server.stdout.readline().split())
        ends[1].sendto(bytes([0x80]) + bytes(171), ("127.0.0.1", second))  # so that it is known to be there
        ends[0].recv(2048)
        relayed = times(ends[0], first, ends[1])
        server.stdin.close()
    show("bare", bare)
    show("relayed", relayed)
    added = statistics.median(relayed) - statistics.median(bare)
    print(f"    added: {added:.0f} us (mark: under {MARK_US} us)")


if __name__ == "__main__":
    main()
