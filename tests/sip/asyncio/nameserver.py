"""A real DNS server on loopback: NSD (Debian's ``nsd``, see tools/system_packages.sh) with a zone of the test's own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONFIGURATION = """
server:
    ip-address: 127.0.0.1
    port: {port}
    do-ip6: no
    username: ""
    chroot: ""
    zonesdir: "{directory}"
    database: ""
    pidfile: "{directory}/nsd.pid"
    xfrdfile: "{directory}/xfrd.state"
    xfrdir: "{directory}"
    zonelistfile: "{directory}/zone.list"
    cookie-secret-file: ""
    server-count: 1
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "example"
    zonefile: "example.zone"
"""
_HEAD = """$ORIGIN example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 20
@ NS ns
ns A 127.0.0.1
"""


@contextmanager
def nameserver(directory: Path, zone: str) -> Iterator[str]:
    """``127.0.0.1:PORT`` of a server for ``example.`` that lives as long as the context; negative answers last 20 s."""
    binary = shutil.which("nsd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert binary, "nsd is missing: run tools/system_packages.sh"
    (directory / "example.zone").write_text(_HEAD + zone)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (directory / "nsd.conf").write_text(_CONFIGURATION.format(port=port, directory=directory))
    with (directory / "nsd.log").open("wb") as log:
        process = subprocess.Popen([binary, "-d", "-c", str(directory / "nsd.conf")], stdout=log, stderr=log)
        try:
            _wait_for(port, process, directory / "nsd.log")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    question = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x00\x00\x06\x00\x01"
    deadline = time.monotonic() + 10
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        probe.connect(("127.0.0.1", port))
        while time.monotonic() < deadline and process.poll() is None:
            try:
                probe.send(question)
                probe.recv(512)
                return
            except OSError:
                continue
    raise AssertionError(f"nsd does not answer: {log.read_text()[-2000:]}")
