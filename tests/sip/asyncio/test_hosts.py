from __future__ import annotations

import os
from pathlib import Path

from offhook.sip.asyncio.hosts import HostsFile


def test_every_name_of_a_line_has_its_address(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text(
        "127.0.0.1 localhost\n192.0.2.1\tOne.Example one # here\n192.0.2.1 one\nnonsense two\n2001:db8::1 one\n#192.0.2.9 x\n"
    )
    hosts = HostsFile(path)
    assert hosts.addresses("one") == ["192.0.2.1", "2001:db8::1"]
    assert hosts.addresses("one.example") == ["192.0.2.1"]
    assert hosts.addresses("localhost") == ["127.0.0.1"]
    assert hosts.addresses("two") == hosts.addresses("x") == []


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("192.0.2.1 one\n")
    hosts = HostsFile(path)
    assert hosts.addresses("one") == ["192.0.2.1"]
    path.write_text("192.0.2.2 one\n")
    os.utime(path, ns=(1, 1))
    assert hosts.addresses("one") == ["192.0.2.2"]
    path.unlink()
    assert hosts.addresses("one") == []


def test_localhost_is_known_without_a_file(tmp_path: Path) -> None:
    hosts = HostsFile(tmp_path / "absent")
    assert hosts.addresses("localhost") == hosts.addresses("pbx.localhost") == ["127.0.0.1", "::1"]
