"""The telephone of the terminal by itself: a server or another phone at the other end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from offhook.cli.phone import CallFailed, Phone, Progress
from offhook.sip.flow import HostPort, Transport
from tests.calls_e2e.application import Application
from tests.calls_e2e.peers import wait_for
from tests.calls_e2e.server import Server

pytestmark = pytest.mark.usefixtures("phone_application")


@asynccontextmanager
async def calling(server: Server, number: str, transport: Transport = Transport.UDP) -> AsyncIterator[Phone]:
    host, _, port = server.sip(transport.value).rpartition(":")
    async with asyncio.timeout(20), Phone(local="127.0.0.1") as phone:
        await phone.dial(number, HostPort(host, int(port)), transport, caller="+15005550006")
        yield phone


async def until(phone: Phone, word: str) -> Progress:
    while (progress := await phone.progress.get()).word != word:
        assert progress.word != "ended", progress
    return progress


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_a_call_rings_is_answered_and_hung_up(phone_server: Server, transport: Transport) -> None:
    async def main() -> None:
        async with calling(phone_server, "1002", transport) as phone:
            ringing = await until(phone, "ringing")
            answered = await until(phone, "answered")
            assert answered.call_sid is not None
            assert ringing.call_sid == answered.call_sid
            await phone.hangup()
            ended = await phone.progress.get()
            assert (ended.word, ended.detail) == ("ended", "we hung up or cancelled")
            await asyncio.to_thread(phone_server.wait_for_call, answered.call_sid, "completed")

    asyncio.run(main())


def test_leaving_hangs_up_while_it_still_rings(phone_server: Server) -> None:
    async def main() -> None:
        async with calling(phone_server, "1002") as phone:
            await until(phone, "ringing")

    asyncio.run(main())
    wait_for(lambda: phone_server.calls()[0]["status"] in ("canceled", "completed"), "the end of the call")


def test_keys_are_heard_by_the_application(phone_server: Server, phone_application: Application) -> None:
    phone_application.forget()

    async def main() -> None:
        async with calling(phone_server, "1000") as phone:
            await until(phone, "answered")
            phone.press_soon("4")
            await asyncio.sleep(0.3)
            await phone.press("2")
            await asyncio.to_thread(phone_application.wait_for, "/chosen", Digits="42")

    asyncio.run(main())


def test_it_waits_until_the_other_side_has_finished(phone_server: Server) -> None:
    async def main() -> None:
        async with calling(phone_server, "1002") as phone:
            await until(phone, "answered")
            loop = asyncio.get_running_loop()
            began = loop.time()
            await phone.other_side_is_quiet()
            spoke = loop.time() - began
            assert 0.7 <= spoke < 3.5, "the word and a short silence, not the patience with a line that says nothing"
            began = loop.time()
            await phone.other_side_is_quiet(0.5)
            assert 0.4 <= loop.time() - began < 1.5, "it has nothing more to say"

    asyncio.run(main())


def test_a_key_that_the_end_cuts_off_is_nobodys_trouble(phone_server: Server) -> None:
    async def main() -> None:
        async with calling(phone_server, "1002") as phone:
            await until(phone, "answered")
            phone.press_soon("1")
            phone.press_soon("?")
            await phone.hangup()

    asyncio.run(main())


@pytest.mark.parametrize("number", ["", "sip:1000@x", "a b<c>"])
def test_what_cannot_be_dialled_is_said(phone_server: Server, number: str) -> None:
    async def main() -> None:
        with pytest.raises(CallFailed):
            async with calling(phone_server, number):
                raise AssertionError

    asyncio.run(main())
