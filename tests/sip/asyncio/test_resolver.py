from __future__ import annotations

import asyncio
import socket

import pytest

from offhook.sip.asyncio.resolver import NameNotResolved, Resolver, is_address
from offhook.sip.settings import SipSettings


def test_addresses_need_no_resolving() -> None:
    async def scenario() -> None:
        resolver = Resolver(SipSettings())
        assert resolver.known("192.0.2.1") == "192.0.2.1"
        assert resolver.known("2001:db8::1") == "2001:db8::1"
        assert resolver.known("localhost") is None

    asyncio.run(scenario())
    assert not is_address("name.example")


def test_a_resolved_name_is_remembered() -> None:
    async def scenario() -> None:
        resolver = Resolver(SipSettings(), socket.AF_INET)
        assert await resolver.resolve("localhost") == "127.0.0.1"
        assert resolver.known("localhost") == "127.0.0.1"
        expired = Resolver(SipSettings(resolve_cache=0), socket.AF_INET)
        await expired.resolve("localhost")
        assert expired.known("localhost") is None

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["no-such-host.invalid", "x" * 300, "a..b", ""])
def test_names_without_address_say_so(name: str) -> None:
    async def scenario() -> None:
        with pytest.raises(NameNotResolved):
            await Resolver(SipSettings(), socket.AF_INET6).resolve(name or "\x00")

    asyncio.run(scenario())
