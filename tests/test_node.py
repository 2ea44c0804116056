"""The whole node, built from settings and taken apart again."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from offhook.config import Settings, load
from offhook.node import Node, StartFailed
from offhook.sip.message import Response
from tests.sip.asyncio.web_client import WebClient, believing


def settings(directory: Path, **flags: object) -> Settings:
    given = {"api.port": 0, "sip.listen": "127.0.0.1:0", "speech.providers": "espeak"}
    named = {key.replace("__", "."): value for key, value in flags.items()}
    return load(data_dir=directory, flags=given | named, environment={})


def test_a_node_listens_while_it_is_open_and_leaves_nothing(tmp_path: Path) -> None:
    async def scenario() -> tuple[bool, bool]:
        before = asyncio.all_tasks()
        async with Node(settings(tmp_path)) as node:
            host, port = node.sip_addresses["udp"].rsplit(":", 1)
            assert (host, node.sip_addresses["tcp"]) == ("127.0.0.1", f"127.0.0.1:{port}")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            await writer.wait_closed()
            del reader
            first = node.administrator.first_start
            assert node.api_url.startswith("https://127.0.0.1:")
            assert node.tls.ca_file.is_file()
            assert {name: size for name, size in node.leftovers().items() if name != "tasks" and size} == {}
        assert asyncio.all_tasks() == before
        async with Node(settings(tmp_path)) as node:
            return first, node.administrator.first_start

    assert asyncio.run(scenario()) == (True, False)
    for secret in ("keys.json", "offhook.db", "tls/ca-key.pem", "tls/server-key.pem"):
        assert stat.S_IMODE((tmp_path / secret).stat().st_mode) & 0o077 == 0, secret


def test_a_port_in_use_is_named_and_nothing_stays_behind(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    async def scenario() -> None:
        before = asyncio.all_tasks()
        async with Node(settings(tmp_path / "a")) as node:
            taken = node.sip_addresses["udp"]
            with pytest.raises(StartFailed, match=taken.rsplit(":", 1)[1]):
                async with Node(settings(tmp_path / "b", sip__listen=taken)):
                    raise AssertionError
        assert asyncio.all_tasks() == before

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"store__url": "mysql://x"}, "mysql"),
        ({"api__tls_cert": "/nowhere/cert.pem"}, "--tls-key"),
        ({"egress__allow": "everything"}, "everything"),
    ],
)
def test_what_keeps_it_from_starting_is_said(flags: dict[str, object], message: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Node(settings(tmp_path, **flags)):
            raise AssertionError

    with pytest.raises(StartFailed, match=message):
        asyncio.run(scenario())


def test_sip_is_spoken_over_web_sockets_at_the_port_of_the_api(tmp_path: Path) -> None:
    async def scenario() -> tuple[str, dict[str, int]]:
        async with Node(settings(tmp_path)) as node:
            url = f"{node.api_url.replace('https', 'wss')}/sip"
            async with WebClient(url, ssl=believing(node.tls.ca_file)) as client:
                await client.says(OPTIONS)
                answer = await client.hears()
                assert isinstance(answer, Response)
                return f"{answer.status} {answer.contact}", node.leftovers()

    answer, leftovers = asyncio.run(scenario())
    assert answer.startswith("200 <sip:127.0.0.1:")
    assert answer.endswith(";transport=ws>")
    assert leftovers["sip calls"] == 0


OPTIONS = (
    b"OPTIONS sip:localhost SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK1\r\nFrom: <sip:a@x.invalid>;tag=1\r\n"
    b"To: <sip:localhost>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n"
)
