from __future__ import annotations

import asyncio

from offhook.calls.leg import Contact
from offhook.calls.legs.messaging import Messaging
from offhook.calls.messages import Messages
from offhook.sip.events import MessageAnswered, MessageReceived, RequestHandle
from tests.calls.legs.signals import Signals, asked
from tests.calls.twins import DirectoryTwin
from tests.sip.raw import PEER
from tests.support.virtual_loop import run, settle

TEXT = MessageReceived(
    handle=RequestHandle(7),
    request=asked("MESSAGE", "Content-Type: text/plain;charset=UTF-8", uri="sip:bob@pbx.test", body="hello"),
    source=PEER,
)


def messaging(signals: Signals, *uris: str) -> tuple[Messaging, DirectoryTwin]:
    directory = DirectoryTwin()
    contacts = [Contact(uri=uri, route=PEER) for uri in uris]
    messages = Messages(directory, lambda _login, _domain: contacts, lookup_timeout=2.0, patience=5.0)
    return Messaging(signals, messages), directory  # type: ignore[arg-type]


def test_a_message_is_passed_on_to_every_device_and_its_sender_is_answered() -> None:
    async def main() -> None:
        signals = Signals()
        one, directory = messaging(signals, "sip:bob@desk", "sip:bob@mobile")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(one.receive(TEXT, directory.clients["alice"]))
            await settle()
            desk, mobile = signals.messages
            assert (desk.target, mobile.target) == ("sip:bob@desk", "sip:bob@mobile")
            assert (desk.from_uri, desk.to_uri, desk.body) == ("sip:alice@pbx.test", "sip:bob@pbx.test", b"hello")
            assert (desk.content_type, desk.destination) == ("text/plain;charset=UTF-8", PEER)
            one.answered(MessageAnswered(handle=RequestHandle(102), code=200))
        assert signals.said == [("reply", 7, 200)]
        assert len(one) == 0
        one.answered(MessageAnswered(handle=RequestHandle(101), code=200))

    run(main())


def test_silence_and_a_way_that_leads_nowhere_are_told_as_what_they_are() -> None:
    async def main() -> None:
        signals = Signals()
        one, directory = messaging(signals, "sip:bob@desk")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(one.receive(TEXT, directory.clients["alice"]))
            await settle()
            one.answered(MessageAnswered(handle=RequestHandle(101), code=None))
        signals.broken = True
        await one.receive(TEXT, directory.clients["alice"])
        assert signals.said == [("reply", 7, 408), ("reply", 7, 503)]

    run(main())
