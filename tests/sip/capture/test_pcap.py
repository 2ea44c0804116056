from __future__ import annotations

import json
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from offhook.sip.capture.pcap import pcap
from offhook.sip.flow import Flow, HostPort, Transport
from tests.calls_e2e.peers import need
from tests.sip.capture.messages import CALLEE, CALLER, SDP, captured, request, two_legs

SIX = Flow(Transport.UDP, "2001:db8::7", 5060)


def records(data: bytes) -> list[tuple[bytes, int]]:
    """Packets and the lengths that they had."""
    assert struct.unpack_from("<IHHiIII", data) == (0xA1B2C3D4, 2, 4, 0, 0, 262_144, 101)
    found, position = [], 24
    while position < len(data):
        _, _, kept, whole = struct.unpack_from("<IIII", data, position)
        found.append((data[position + 16 : position + 16 + kept], whole))
        position += 16 + kept
    return found


def folded(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_udp_packets_have_addresses_ports_lengths_and_checksums() -> None:
    ((packet, whole),) = records(pcap([captured(0, request("BYE"), sent=False)]))
    assert whole == len(packet) == 28 + len(request("BYE"))
    assert packet[12:20] == bytes([198, 51, 100, 7, 192, 0, 2, 1])
    assert struct.unpack_from("!HHH", packet, 20) == (5062, 5060, 8 + len(request("BYE")))
    assert folded(packet[:20]) == 0xFFFF
    assert folded(packet[12:20] + struct.pack("!HH", 17, len(packet) - 20) + packet[20:]) == 0xFFFF


def test_tcp_packets_continue_each_other() -> None:
    there = captured(0, request("INVITE"), sent=True, peer=CALLEE)
    back = captured(5, b"SIP/2.0 200 OK\r\n\r\n", sent=False, peer=CALLEE)
    packets = [packet for packet, _ in records(pcap([there, back, there]))]
    numbers = [struct.unpack_from("!II", packet, 24) for packet in packets]
    size = len(request("INVITE"))
    assert numbers == [(1, 1), (1, 1 + size), (1 + size, 1 + len(back.data))]
    assert folded(packets[0][12:20] + struct.pack("!HH", 6, len(packets[0]) - 20) + packets[0][20:]) == 0xFFFF


def test_ipv6_and_mixed_addresses_make_ipv6_packets() -> None:
    ((packet, _),) = records(pcap([captured(0, request("BYE"), sent=False, peer=SIX)]))
    assert (packet[0] >> 4, packet[6]) == (6, 17)
    assert packet[24:40] == b"\0" * 10 + b"\xff\xff" + bytes([192, 0, 2, 1])


def test_a_host_that_is_no_address_is_the_unspecified_one() -> None:
    message = replace(captured(0, request("BYE"), sent=False), local=HostPort("pbx.example.org", 5060))
    ((packet, _),) = records(pcap([message]))
    assert packet[16:20] == bytes(4)


def test_a_message_that_was_cut_says_how_long_it_was() -> None:
    message = replace(captured(0, request("BYE"), sent=False), size=5000)
    ((packet, whole),) = records(pcap([message]))
    assert (len(packet), whole) == (28 + len(request("BYE")), 5028)
    huge = replace(captured(0, b"x" * 200_000, sent=False, peer=CALLEE), size=200_000)
    ((packet, whole),) = records(pcap([huge]))
    assert whole == len(packet) <= 65_535


@pytest.mark.parametrize("peer", [CALLER, CALLEE, SIX])
def test_tshark_reads_what_we_write(peer: Flow, tmp_path: Path) -> None:
    file = tmp_path / "call.pcap"
    file.write_bytes(pcap([captured(0, request("INVITE", body=SDP), sent=False, peer=peer), *two_legs().messages]))
    done = subprocess.run([need("tshark"), "-r", file, "-T", "json"], check=True, capture_output=True, timeout=60)
    layers = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    assert len(layers) == 8
    assert all("sip" in layer for layer in layers)
    assert layers[0]["sip"]["sip.Request-Line"].startswith("INVITE sip:1000")
    assert layers[0]["frame"]["frame.time_epoch"].startswith("1767632400")
    assert not any("malformed" in json.dumps(layer).lower() for layer in layers)
