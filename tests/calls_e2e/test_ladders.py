from __future__ import annotations

import subprocess

from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.peers import need


def test_a_dialled_call_shows_both_legs_in_picture_and_capture(server, app, tmp_path):
    app.pages["/dial"] = "<Response><Dial><Client>lara</Client></Dial></Response>"
    server.add_client("lara", "secret-of-lara")
    server.add_number("5100", app.url("/dial"))
    with (
        Baresip(tmp_path / "caller") as caller,
        Baresip(tmp_path / "lara", login="lara", server=server.sip(), password="secret-of-lara") as lara,
    ):
        lara.registered()
        caller.dial(f"sip:5100@{server.sip()}")
        lara.until("CALL_ESTABLISHED")
        caller.until("CALL_ESTABLISHED")
        caller.hang_up()
        lara.until("CALL_CLOSED")
        (parent,) = [record for record in server.calls() if record["to"] == "5100"]
        server.wait_for_call(parent["sid"], "completed")
        text = server.request(f"Calls/{parent['sid']}/Signalling.txt").decode()
        heads = text.splitlines()[2].split()
        assert heads == [f"127.0.0.1:{caller.sip_port}", "udp", "offhook", f"127.0.0.1:{lara.sip_port}", "udp"]
        assert [text.count(label) for label in ("INVITE sdp", "(INVITE) sdp", " BYE ")] == [2, 2, 2], text
        capture = tmp_path / "call.pcap"
        capture.write_bytes(server.request(f"Calls/{parent['sid']}/Signalling.pcap"))
    fields = ("-T", "fields", "-e", "udp.srcport", "-e", "sip.Method", "-e", "sip.Status-Code")
    done = subprocess.run(
        [need("tshark"), "-r", capture, *fields], check=True, capture_output=True, text=True, timeout=60
    )
    seen = [line.split("\t") for line in done.stdout.splitlines()]
    port = server.sip().rpartition(":")[2]
    assert seen[0] == [str(caller.sip_port), "INVITE", ""]
    assert [port, "INVITE", ""] in seen
    assert [str(lara.sip_port), "", "200"] in seen
    assert len(seen) == sum(line.startswith("+") for line in text.splitlines())
