from __future__ import annotations

import socket
import struct
import subprocess
from pathlib import Path

from offhook.sip.capture.hep import hep3
from offhook.sip.flow import Flow, Transport
from tests.calls_e2e.peers import Program, free_port, need, wait_for
from tests.sip.capture.messages import BEGAN, CALLEE, SDP, captured, request, two_legs

SIX = Flow(Transport.UDP, "2001:db8::7", 5060)


def chunks(data: bytes) -> dict[int, bytes]:
    """Type to value; every byte is accounted for."""
    assert data[:4] == b"HEP3"
    assert struct.unpack_from("!H", data, 4) == (len(data),)
    found, position = {}, 6
    while position < len(data):
        vendor, kind, length = struct.unpack_from("!HHH", data, position)
        assert vendor == 0
        found[kind] = data[position + 6 : position + length]
        position += length
    assert position == len(data)
    return found


def test_a_message_tells_who_sent_it_to_whom_when_and_by_whom_it_was_captured() -> None:
    invite = request("INVITE", body=SDP)
    found = chunks(hep3(captured(1250, invite, sent=False), agent=2001, password="secret"))
    seconds = int(BEGAN.timestamp()) + 1
    assert found == {
        1: b"\x02",
        2: b"\x11",
        3: bytes([198, 51, 100, 7]),
        4: bytes([192, 0, 2, 1]),
        7: struct.pack("!H", 5062),
        8: struct.pack("!H", 5060),
        9: struct.pack("!I", seconds),
        10: struct.pack("!I", 250_000),
        11: b"\x01",
        12: struct.pack("!I", 2001),
        14: b"secret",
        15: invite,
    }


def test_tcp_ipv6_and_no_password() -> None:
    assert chunks(hep3(captured(0, b"x", sent=True, peer=CALLEE), agent=1))[2] == b"\x06"
    found = chunks(hep3(captured(0, b"x", sent=True, peer=SIX), agent=1))
    assert (found[1], len(found[5]), len(found[6]), 14 in found) == (b"\x0a", 16, 16, False)


def test_a_message_too_long_for_a_datagram_loses_its_end() -> None:
    data = hep3(captured(0, b"y" * 100_000, sent=True), agent=1)
    assert len(data) == 65_507
    assert set(chunks(data)[15]) == {ord("y")}


def test_a_collector_that_is_not_ours_understands_it(tmp_path: Path) -> None:
    port, file = free_port(socket.SOCK_DGRAM), tmp_path / "seen.pcap"
    listening = ("-N", "-q", "-L", f"udp:127.0.0.1:{port}", "-O", file)
    sngrep = Program(need("sngrep"), *listening, log=tmp_path / "sngrep.txt", env={"TERM": "dumb"})
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as us:
            us.connect(("127.0.0.1", port))
            wait_for(lambda: listens(us), "sngrep listening")
            messages = (*two_legs().messages, captured(600, request("BYE"), sent=True, peer=CALLEE))
            for message in messages:
                us.send(hep3(message, agent=5))
            whole = 24 + sum(
                16 + 42 + message.size for message in messages
            )  # headers: file, record, Ethernet, IP and UDP
            wait_for(lambda: file.exists() and file.stat().st_size >= whole, "what sngrep writes")
    finally:
        sngrep.stop()
    fields = (
        "-e",
        "frame.time_epoch",
        "-e",
        "ip.src",
        "-e",
        "udp.srcport",
        "-e",
        "sip.Request-Line",
        "-e",
        "sip.Status-Code",
    )
    command = [need("tshark"), "-r", file, "-Y", "sip", "-T", "fields", *fields]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    seen = [line.split("\t") for line in done.stdout.splitlines()]
    assert seen[0] == ["1767632400.000000000", "198.51.100.7", "5062", "INVITE sip:1000@192.0.2.1 SIP/2.0", ""]
    assert [line[4] for line in seen] == ["", "401", "", "100", "", "486", "486", ""]
    assert float(seen[-1][0]) == 1767632400.6


def listens(us: socket.socket) -> bool:
    """Whether an empty datagram is not refused."""
    try:
        us.send(b"")
        us.send(b"")
    except ConnectionRefusedError:
        return False
    return True
