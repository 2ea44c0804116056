"""What clients are seen to do."""

from __future__ import annotations

from offhook.calls.dialing import ClientTarget
from offhook.calls.presence import ClientCall, address_of
from tests.calls.talks import Talk, phones
from tests.calls.twins import World
from tests.support.virtual_loop import run, settle


def calls(w: World, address: str) -> list[tuple[bool, bool, str]]:
    return [(call.answered, call.placed, call.other) for call in w.board.presence.calls(address)]


def test_a_call_between_clients_is_seen_at_both_until_it_is_over() -> None:
    async def main() -> None:
        async with phones() as w:
            told: list[str] = []
            w.board.presence.watch("alice@pbx.test", lambda: told.append("alice"))
            w.board.presence.watch("bob@pbx.test", lambda: told.append("bob"))
            t = Talk(w, ClientTarget(login="alice"))
            await t.ring(w.directory.clients["bob"])
            assert calls(w, "bob@pbx.test") == [(True, True, "1000")]
            assert calls(w, "alice@pbx.test") == [(False, False, "client:bob")]
            (ringing,) = w.board.presence.calls("alice@pbx.test")
            assert isinstance(ringing, ClientCall)
            assert ringing.dialog == t.desk.dialog
            t.desk.picks_up()
            await settle(50)
            assert calls(w, "alice@pbx.test") == [(True, False, "client:bob")]
            assert told.count("alice") == 2, "it rings, it is answered: nothing is told twice"
            t.caller.ends()
            await settle(50)
            assert (calls(w, "alice@pbx.test"), calls(w, "bob@pbx.test")) == ([], [])
            assert (w.board.presence.idle, told.count("alice")) == (True, 3)

    run(main())


def test_who_does_not_watch_any_more_is_told_nothing() -> None:
    async def main() -> None:
        async with phones() as w:
            told: list[int] = []

            def watcher() -> None:
                told.append(1)

            presence = w.board.presence
            presence.watch("bob@pbx.test", watcher)
            presence.changed("bob@pbx.test")
            presence.changed("alice@pbx.test")
            presence.unwatch("bob@pbx.test", watcher)
            presence.unwatch("bob@pbx.test", watcher)
            presence.changed("bob@pbx.test")
            assert told == [1]
            assert address_of(w.directory.clients["bob"]) == "bob@pbx.test"

    run(main())
