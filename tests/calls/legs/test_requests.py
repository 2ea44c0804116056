"""Requests outside calls: whom they reach, and that nobody's do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from offhook.calls.directory import ClientEntry
from offhook.calls.leg import Contact, DialogName
from offhook.calls.legs.requests import Requests
from offhook.calls.presence import ClientCall, Presence
from offhook.calls.settings import CallSettings
from offhook.sip.events import (
    MessageAnswered,
    MessageReceived,
    ReferReceived,
    RequestHandle,
    SubscribeReceived,
    SubscriptionEnded,
    SubscriptionHandle,
)
from offhook.sip.refer import ReferTo, TargetDialog
from offhook.vocabulary.sids import CallSid
from tests.calls.legs.signals import Doorkeeper, Signals, asked
from tests.calls.twins import DirectoryTwin
from tests.sip.raw import PEER
from tests.support.virtual_loop import run, settle

ABOUT = TargetDialog(call_id="c", local_tag="theirs", remote_tag="ours")


class Leg:
    def __init__(self) -> None:
        self.asked: list[tuple[str, ClientEntry | None]] = []

    def refer(self, referral: Any) -> None:
        self.asked.append((referral.user, referral.client))


class House:
    def __init__(self, tasks: asyncio.TaskGroup, *, proved: bool = True) -> None:
        directory = DirectoryTwin()
        self.alice = directory.clients["alice"]
        self.signals, self.leg, self.presence = Signals(), Leg(), Presence()
        self.named: list[DialogName] = []

        def spawn(work: Coroutine[Any, Any, None]) -> None:
            tasks.create_task(work)

        self.requests = Requests.wired(
            self.signals,  # type: ignore[arg-type]
            Doorkeeper(self.alice if proved else None),  # type: ignore[arg-type]
            directory,
            self.presence,
            CallSettings(),
            spawn=spawn,
            leg=self.find,  # type: ignore[arg-type]
            contacts=lambda _login, _domain: [Contact(uri="sip:bob@desk", route=PEER)],
        )

    def in_call(self, *call_ids: str, answered: bool = True) -> None:
        """Alice is."""
        self.presence._calls["alice@pbx.test"] = {
            CallSid(call_id): ClientCall(
                sid=CallSid(call_id),
                answered=answered,
                placed=True,
                other="bob",
                dialog=DialogName(call_id=call_id, our_tag="ours", their_tag="theirs"),
            )
            for call_id in call_ids
        }

    def find(self, name: DialogName) -> Leg | None:
        self.named.append(name)
        return self.leg if name.call_id == "c" else None

    def refers(self, about: TargetDialog | None, to: str = "sip:bob@pbx.test") -> None:
        request = asked("REFER", f"Refer-To: <{to}>")
        self.requests.hear(
            ReferReceived(
                handle=SubscriptionHandle(1), call=None, request=request, source=PEER, refer_to=ReferTo.of(request),
                about=about,
            )
        )  # fmt: skip

    def subscribes(self) -> None:
        request = asked("SUBSCRIBE", uri="sip:bob@pbx.test")
        self.requests.hear(
            SubscribeReceived(handle=SubscriptionHandle(2), package="dialog", request=request, source=PEER)
        )

    def writes(self) -> None:
        request = asked("MESSAGE", "Content-Type: text/plain", uri="sip:bob@pbx.test", body="hello")
        self.requests.hear(MessageReceived(handle=RequestHandle(3), request=request, source=PEER))


def test_whoever_is_no_client_gets_nothing() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            house = House(tasks, proved=False)
            house.refers(ABOUT)
            house.subscribes()
            house.writes()
            await settle()
            assert sorted(house.signals.said, key=str) == [("refuse", 1, 403), ("refuse", 2, 403), ("reply", 3, 403)]
            assert house.leg.asked == []

    run(main())


def test_a_refer_reaches_the_call_that_it_is_about() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            house = House(tasks)
            house.refers(ABOUT)
            await settle()
            assert house.named == [DialogName(call_id="c", our_tag="ours", their_tag="theirs")]
            assert house.leg.asked == [("bob", house.alice)]
            house.refers(None)
            house.refers(TargetDialog(call_id="gone", local_tag="a", remote_tag="b"))
            await settle()
            assert house.signals.said == [("refuse", 1, 403), ("refuse", 1, 481)]

    run(main())


@pytest.mark.parametrize(
    ("calls", "answered", "to", "said"),
    [
        (("c",), True, "sip:bob@pbx.test", []),
        (("c", "d"), True, "sip:bob@pbx.test?Replaces=d%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs", []),
        (("c", "d"), True, "sip:bob@pbx.test", [("refuse", 1, 485)]),
        (("c",), False, "sip:bob@pbx.test", [("refuse", 1, 403)]),
        (("gone",), True, "sip:bob@pbx.test", [("refuse", 1, 481)]),
    ],
    ids=["his one call", "the one besides that to be replaced", "which of two?", "not answered", "just over"],
)
def test_a_refer_that_names_no_call_is_about_the_one_call_of_who_asks(
    calls: tuple[str, ...], answered: bool, to: str, said: list[object]
) -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            house = House(tasks)
            house.in_call(*calls, answered=answered)
            house.refers(None, to)
            await settle()
            assert (house.signals.said, house.leg.asked) == (said, [] if said else [("bob", house.alice)])

    run(main())


def test_messages_and_subscriptions_of_clients_are_served() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            house = House(tasks)
            house.subscribes()
            house.writes()
            await settle()
            assert not house.requests.idle
            house.requests.hear(MessageAnswered(handle=RequestHandle(101), code=200))
            house.requests.hear(SubscriptionEnded(handle=SubscriptionHandle(2)))
            await settle()
            assert house.signals.said == [("accept", 2, 200), ("reply", 3, 200)]
            assert house.requests.idle

    run(main())
