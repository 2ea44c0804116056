"""Calls to a domain whose servers fail, found through a real DNS server."""

from __future__ import annotations

import socket
import time

from tests.calls_e2e.application import Application
from tests.calls_e2e.server import Server
from tests.calls_e2e.sipp import Sipp
from tests.sip.asyncio.nameserver import nameserver


def test_a_call_reaches_the_server_that_works_past_a_silent_and_an_unavailable_one(tmp_path):
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    busy = Sipp(tmp_path / "busy", "server_is_unavailable", calls=1)
    works = Sipp(tmp_path / "works", "uas", calls=2)
    zone = f"""
pbx NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.pbx
_sip._udp.pbx SRV 1 0 {silent.getsockname()[1]} here
_sip._udp.pbx SRV 2 0 {busy.port} here
_sip._udp.pbx SRV 3 0 {works.port} here
here A 127.0.0.1
"""
    dns = tmp_path / "dns"
    dns.mkdir()
    with silent, busy, works, nameserver(dns, zone) as address:
        settings = {"sip_nameservers": address, "sip_failover_timeout": "1"}
        with Server(tmp_path / "server", **settings) as server, Application() as app:
            app.auth_token = server.ready["auth_token"]
            app.pages["/hang-up"] = "<Response><Hangup/></Response>"

            def call() -> float:
                started = time.monotonic()
                record = server.request(
                    "Calls.json", To="sip:bob@pbx.example", From="+15550001", Url=app.url("/hang-up")
                )
                server.wait_for_call(record["sid"], "completed")
                return time.monotonic() - started

            first = call()
            # By now it is known that the first does not respond and that the second wants no calls for a minute.
            second = call()
            assert busy.ended().successful == 1
            assert works.ended().successful == 2
    assert 1 <= first < 4
    assert second < 1
