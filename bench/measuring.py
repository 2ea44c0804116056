"""What all measurements share: CPU of a process with its threads, conditions of the run, a small application server."""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid: int) -> int:
    """Memory of the process that is its own: proportional set size, so shared libraries do not count in full."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/smaps_rollup has no Pss line")


def conditions() -> str:
    """One line on the machine and the versions."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores {model}, Linux {platform.release()}, Python {platform.python_version()}, load {load:.2f}"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pinned(core: int, *command: str) -> list[str]:
    """The command bound to one core where the machine has several."""
    return ["taskset", "-c", str(core), *command] if (os.cpu_count() or 1) > 1 else list(command)


def children_of(pid: int) -> list[int]:
    output = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(child) for child in output.split()]


@dataclass
class ApplicationServer(asyncio.Protocol):
    """HTTP/1.1 with canned answers by path, as cheap as possible: it must not be what is measured."""

    answers: dict[str, bytes]
    counts: dict[str, int]
    _buffer: bytes = b""
    _transport: asyncio.Transport | None = field(default=None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].decode("latin-1")
            length = 0
            for line in head.split("\r\n")[1:]:
                name, _, value = line.partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            path = head.split(" ")[1].partition("?")[0]
            self.counts[path] = self.counts.get(path, 0) + 1
            assert self._transport is not None
            self._transport.write(self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))


def answer(body: bytes, kind: str = "application/xml") -> bytes:
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nCache-Control: max-age=3600\r\n\r\n"
    )
    return head.encode() + body


def main() -> None:
    """As a process of its own: ``python -m bench.measuring PORT DIRECTORY`` serves every file and writes counts at the end."""
    port, directory = int(sys.argv[1]), Path(sys.argv[2])
    kinds = {".xml": "application/xml", ".wav": "audio/wav"}
    answers = {
        f"/{file.name}": answer(file.read_bytes(), kinds.get(file.suffix, "text/plain"))
        for file in directory.iterdir()
        if file.is_file() and file.suffix != ".counts"
    }
    counts: dict[str, int] = {}

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: ApplicationServer(answers, counts), "127.0.0.1", port)
        async with server:
            while True:
                await asyncio.sleep(0.25)
                (directory / "requests.counts").write_text("\n".join(f"{path} {n}" for path, n in counts.items()))

    import uvloop  # noqa: PLC0415 - only this process wants it

    uvloop.run(serve())


if __name__ == "__main__":
    main()
