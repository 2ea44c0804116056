"""What the programs that call us have in common: whether they are there, their processes, their ports."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest


def need(program: str) -> str:
    """The path of a program that Debian packages; without it the test fails in CI and is skipped elsewhere."""
    found = shutil.which(program)
    if found is None:
        missing(f"{program} is not installed; tools/system_packages.sh installs it")
    return found


def missing(why: str) -> NoReturn:
    """A peer is not there."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(why)
    pytest.skip(why)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_media_ports(count: int) -> int:
    """The first, even one of ``count`` UDP ports that were free a moment ago, below those that others take by chance."""
    for first in random.sample(range(10_000, 16_000 - count, 2), 200):
        with contextlib.ExitStack() as probes:
            try:
                for port in range(first, first + count):
                    probe = probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise AssertionError(f"there are no {count} free UDP ports")


def free_sip_port() -> int:
    """A port that was free a moment ago for UDP and TCP, and for TCP the one after it (SIPS), out of reach of connections."""
    kinds = (socket.SOCK_DGRAM, 0), (socket.SOCK_STREAM, 0), (socket.SOCK_STREAM, 1)
    for port in random.sample(range(16_000, 20_000, 2), 200):
        with contextlib.ExitStack() as probes:
            try:
                for kind, further in kinds:
                    probes.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", port + further))
            except OSError:
                continue
            return port
    raise AssertionError("there is no free SIP port")


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Look again and again; fails when it does not happen."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.02)


class Program:
    """A process with its output in a file; ended by its own process id."""

    def __init__(
        self, *command: str | Path, log: Path, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | (env or {}),
                cwd=cwd,
            )

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """At once, as a power cut would."""
        self.process.kill()
        self._reap()

    def stop(self, seconds: float = 10.0) -> int:
        """Ask it to end, insist after a while; returns its status."""
        if self.running:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self._reap()

    def _reap(self) -> int:
        status = self.process.wait()
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
        return status
