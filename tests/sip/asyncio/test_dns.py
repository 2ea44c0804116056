from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from offhook.sip.asyncio.dns import DnsClient, DnsFailed
from offhook.sip.dns import Kind, Naptr, Question, Srv
from offhook.sip.settings import SipSettings
from tests.sip.asyncio.nameserver import nameserver

ZONE = """
sip NAPTR 20 5 "S" "SIP+D2U" "" _sip._udp.Example.
_sip._udp SRV 1 2 5080 Host.Example.
none SRV 0 0 0 .
host A 192.0.2.1
host AAAA 2001:DB8::1
"""


def test_records_are_read_as_they_stand_in_the_zone(tmp_path: Path) -> None:
    async def scenario(address: str) -> None:
        client = DnsClient(SipSettings(nameservers=(address,)))
        naptr = await client.ask(Question("sip.example", Kind.NAPTR))
        assert naptr.records == (
            Naptr(order=20, preference=5, flags="S", service="SIP+D2U", replacement="_sip._udp.example"),
        )
        assert naptr.ttl == 300
        srv = await client.ask(Question("_sip._udp.example", Kind.SRV))
        assert srv.records == (Srv(priority=1, weight=2, port=5080, target="host.example"),)
        root = await client.ask(Question("none.example", Kind.SRV))
        assert root.records == (Srv(priority=0, weight=0, port=0, target=""),)
        assert (await client.ask(Question("host.example", Kind.A))).records == ("192.0.2.1",)
        assert (await client.ask(Question("host.example", Kind.AAAA))).records == ("2001:db8::1",)
        assert await client.ask(Question("host.example", Kind.SRV)) == ((), 20)
        assert await client.ask(Question("absent.example", Kind.A)) == ((), 20)
        with pytest.raises(DnsFailed, match="A of elsewhere"):
            await client.ask(Question("elsewhere.invalid", Kind.A))  # refused: not its zone

    with nameserver(tmp_path, ZONE) as address:
        asyncio.run(scenario(address))
