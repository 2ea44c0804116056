from __future__ import annotations

from dataclasses import replace

import pytest

from offhook.calls.dialing import ClientTarget
from offhook.calls.leg import Contact
from offhook.calls.legs.watching import Watching
from offhook.calls.presence import Presence
from offhook.sip.events import SubscribeReceived, SubscriptionHandle
from tests.calls.legs.signals import Signals, asked
from tests.calls.talks import Talk, phones
from tests.calls.twins import DirectoryTwin
from tests.sip.raw import PEER
from tests.support.virtual_loop import run, settle


class Office:
    """Alice watches."""

    def __init__(self, presence: Presence | None = None, limit: int = 10) -> None:
        self.signals = Signals()
        self.directory = DirectoryTwin()
        self.presence = presence or Presence()
        self.registered = {"alice", "bob"}
        self.watching = Watching(
            self.signals,  # type: ignore[arg-type]
            self.directory,
            self.presence,
            contacts=lambda login, _domain: [Contact(uri="sip:x@desk")] if login in self.registered else [],
            lookup_timeout=2.0,
            max_per_client=limit,
        )
        self.handles = 0

    async def subscribe(self, package: str, to: str = "sip:bob@pbx.test") -> tuple[str, int]:
        """What she is answered."""
        self.handles += 1
        event = SubscribeReceived(
            handle=SubscriptionHandle(self.handles), package=package, request=asked("SUBSCRIBE", uri=to), source=PEER
        )
        await self.watching.subscribe(event, self.directory.clients["alice"])
        kind, _, code = self.signals.said[-1]
        return kind, int(str(code))


def test_a_lamp_shows_the_calls_of_another_client() -> None:
    async def main() -> None:
        async with phones() as w:
            office = Office(w.board.presence)
            assert await office.subscribe("dialog") == ("accept", 200)
            bodies = office.signals.bodies[1]
            assert "<dialog " not in bodies[0]
            t = Talk(w, ClientTarget(login="bob"))
            await t.ring(w.directory.clients["alice"])
            assert "<state>early</state>" in bodies[-1]
            assert 'call-id="twin-' in bodies[-1]
            assert "sip:alice@pbx.test" in bodies[-1]
            t.desk.picks_up()
            await settle(50)
            assert ("<state>confirmed</state>" in bodies[-1], 'version="2"' in bodies[-1]) == (True, True)
            t.caller.ends()
            await settle(50)
            assert "<dialog " not in bodies[-1]
            office.watching.ended(SubscriptionHandle(1))
            w.board.presence.changed("bob@pbx.test")
            assert (len(bodies), len(office.watching)) == (4, 0)

    run(main())


def test_presence_follows_registrations() -> None:
    async def main() -> None:
        office = Office()
        await office.subscribe("presence")
        office.registered.clear()
        office.presence.changed("bob@pbx.test")
        first, second = office.signals.bodies[1]
        assert ("<basic>open</basic>" in first, "<basic>closed</basic>" in second) == (True, True)

    run(main())


def test_everybody_reads_the_count_of_his_own_messages_only() -> None:
    async def main() -> None:
        office = Office()
        assert await office.subscribe("message-summary") == ("refuse", 403)
        for to in ("sip:alice@pbx.test", "sip:pbx.test"):
            assert await office.subscribe("message-summary", to) == ("accept", 200)
        assert "Messages-Waiting: no" in office.signals.bodies[2][0]

    run(main())


@pytest.mark.parametrize("to", ["sip:nobody@pbx.test", "sip:carol@pbx.test"])
def test_whoever_is_not_there_or_of_another_organization_looks_the_same(to: str) -> None:
    async def main() -> None:
        office = Office()
        office.directory.clients["carol"] = replace(office.directory.clients["bob"], login="carol", domain="other.test")
        assert await office.subscribe("dialog", to) == ("refuse", 404)

    run(main())


def test_what_one_client_watches_is_bounded_and_a_slow_directory_is_told() -> None:
    async def main() -> None:
        office = Office(limit=2)
        answers = [await office.subscribe("dialog") for _ in range(3)]
        assert answers == [("accept", 200), ("accept", 200), ("refuse", 403)]
        office.watching.ended(SubscriptionHandle(1))
        office.watching.ended(SubscriptionHandle(1))
        assert await office.subscribe("dialog") == ("accept", 200)
        office.directory.delay = 10.0
        assert await office.subscribe("dialog") == ("refuse", 503)

    run(main())
