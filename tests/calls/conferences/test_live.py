from __future__ import annotations

import asyncio
from dataclasses import replace

from offhook.calls.conferences.entry import NotHeard
from offhook.calls.events import ConferenceChanged, StatusCallback
from offhook.calls.settings import CallSettings
from offhook.media.commands import Announce, AudioFile, Join, Tone
from tests.calls.conferences.people import QUIET, meeting
from tests.support.virtual_loop import run, settle

LISTENER = replace(QUIET, start_on_enter=False)


async def sounds(url: str, method: str) -> tuple[Tone, ...]:
    """What is at a URL of the application."""
    if url.endswith("none"):
        raise NotHeard(f"{url} cannot be {method}ed")
    return (Tone(frequencies=(800.0,), on=300),)


def test_nobody_hears_anybody_until_somebody_starts_it() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann, bob = await m.comes("ann", LISTENER), await m.comes("bob", LISTENER)
            assert ann.hears == bob.hears == {"tone"}
            cid = await m.comes("cid")
            assert (ann.hears, bob.hears, cid.hears) == ({"bob", "cid"}, {"ann", "cid"}, {"ann", "bob"})
            assert m.events == [
                ("participant-join", "ann"),
                ("participant-join", "bob"),
                ("participant-join", "cid"),
                ("conference-start", "cid"),
            ]

    run(main())


def test_one_who_ends_it_makes_all_leave_and_their_calls_go_on() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann, bob = await m.comes("ann", replace(QUIET, end_on_exit=True)), await m.comes("bob")
            ann.hangs_up()
            await settle(20)
            assert bob.outcome is not None
            assert (bob.leg.ended, bob.hears) == (False, set())
            assert m.events[-3:] == [
                ("participant-leave", "ann"),
                ("participant-leave", "bob"),
                ("conference-end", "ann"),
            ]

    run(main())


def test_mute_hold_and_unhold() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann, bob = await m.comes("ann"), await m.comes("bob")
            assert m.live.change(ann.sid, muted=True) is not None
            await settle(20)
            assert (ann.hears, bob.hears) == ({"bob"}, set())
            m.live.change(ann.sid, muted=False)
            m.live.change(bob.sid, hold=True)
            await settle(20)
            assert (ann.hears, bob.hears) == (set(), {"tone"})
            m.live.change(bob.sid, hold=False)
            await settle(20)
            assert (ann.hears, bob.hears) == ({"bob"}, {"ann"})
            assert m.live.change("CA-nobody", muted=True) is None

    run(main())


def test_the_music_of_a_phone_that_holds_the_conference_is_for_nobody() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann, bob = await m.comes("ann"), await m.comes("bob")
            ann.leg.holds()
            await settle(20)
            assert (ann.hears, bob.hears) == ({"bob"}, set())
            ann.leg.holds(False)
            await settle(20)
            assert bob.hears == {"ann"}

    run(main())


def test_the_server_has_a_limit_of_its_own() -> None:
    async def main() -> None:
        async with meeting(CallSettings(conference_participants=2)) as m:
            for name in ("ann", "bob", "cid"):
                await m.comes(name)
            assert [one.call_sid for one in m.live.participants] == [m.people[name].sid for name in ("ann", "bob")]
            assert m.people["cid"].outcome is not None

    run(main())


def test_who_enters_muted_is_not_heard() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann = await m.comes("ann")
            bob = await m.comes("bob", replace(QUIET, muted=True))
            assert (ann.hears, bob.hears) == (set(), {"ann"})

    run(main())


def test_a_coach_is_heard_by_one_alone_and_by_nobody_when_that_one_is_gone() -> None:
    async def main() -> None:
        async with meeting() as m:
            agent, customer = await m.comes("agent"), await m.comes("customer")
            boss = await m.comes("boss", replace(QUIET, coaches=agent.sid))
            assert (agent.hears, customer.hears) == ({"customer", "boss"}, {"agent"})
            assert boss.hears == {"agent", "customer"}
            m.live.change(boss.sid, coaches=customer.sid)
            await settle(20)
            assert (agent.hears, customer.hears) == ({"customer"}, {"agent", "boss"})
            m.live.change(boss.sid, coaches=agent.sid)
            await settle(20)
            agent.hangs_up()
            await settle(20)
            assert customer.hears == set()
            m.live.change(boss.sid, coaching=False)
            await settle(20)
            assert customer.hears == {"boss"}

    run(main())


def test_one_who_is_kicked_goes_on_with_what_follows() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann, bob = await m.comes("ann"), await m.comes("bob")
            assert m.live.kick(ann.sid)
            assert not m.live.kick(ann.sid)
            await settle(20)
            assert ann.outcome is not None
            assert (ann.leg.ended, bob.hears, bob.outcome) == (False, set(), None)
            assert m.events[-1] == ("participant-leave", "ann")

    run(main())


def test_comings_and_goings_are_heard_unless_they_are_not_to_be() -> None:
    async def main() -> None:
        beeps = replace(QUIET, beep_on_enter=True, beep_on_exit=True)
        async with meeting(CallSettings(conference_exit_sound="/exit.wav")) as m:

            def sounds() -> list[object]:
                return [command.sources for command in m.w.engine.commands if isinstance(command, Announce)]

            await m.comes("ann", beeps)
            assert sounds() == [], "there is nobody to hear it"
            bob = await m.comes("bob", beeps)
            assert [type(source) for (source,) in sounds()] == [Tone]
            await m.comes("cid")
            assert len(sounds()) == 1
            bob.hangs_up()
            await settle(20)
            assert sounds()[-1] == (AudioFile(path="/exit.wav"),)

    run(main())


def test_an_announcement_is_for_all_or_for_one() -> None:
    async def main() -> None:
        async with meeting() as m:
            entry = replace(QUIET, sounds=sounds)
            ann, bob = await m.comes("ann", entry), await m.comes("bob", entry)
            m.live.announce("http://a.test/all", "POST")
            await asyncio.sleep(0.1)
            assert (ann.hears, bob.hears) == ({"bob", "announced tone"}, {"ann", "announced tone"})
            await asyncio.sleep(1)
            m.live.announce("http://a.test/one", "POST", to=bob.sid)
            await asyncio.sleep(0.1)
            assert (ann.hears, bob.hears) == ({"bob"}, {"ann", "tone"})
            await asyncio.sleep(1)
            m.live.announce("http://a.test/none", "POST")
            await asyncio.sleep(1)
            told = [event for event in m.w.log.events if isinstance(event, ConferenceChanged)][-3:]
            assert [(event.moment.value, event.announce_url) for event in told] == [
                ("announcement-end", "http://a.test/all"),
                ("announcement-end", "http://a.test/one"),
                ("announcement-fail", "http://a.test/none"),
            ]
            assert told[2].failure == "http://a.test/none cannot be POSTed"

    run(main())


def test_who_speaks_is_told_when_the_callback_wants_to_know() -> None:
    async def main() -> None:
        async with meeting() as m:
            callback = StatusCallback(url="http://a.test/", events=frozenset({"speaker"}))
            ann = await m.comes("ann", replace(QUIET, status_callback=callback))
            await m.comes("bob")
            m.w.engine.speak(ann.leg.media.id, 500)
            await asyncio.sleep(2)
            assert m.events[-2:] == [("participant-speech-start", "ann"), ("participant-speech-stop", "ann")]

    run(main())


def test_participants_are_found_by_sid_and_label() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann = await m.comes("ann", replace(QUIET, label="chair"))
            assert m.live.participant(ann.sid) == m.live.participant("chair")
            assert m.live.participant("nobody") is None
            assert [one.label for one in m.live.participants] == ["chair"]

    run(main())


def test_leveling_is_a_setting() -> None:
    async def main() -> None:
        for wanted in (True, False):
            async with meeting(CallSettings(conference_leveling=wanted)) as m:
                await m.comes("ann")
                join = next(command for command in m.w.engine.commands if isinstance(command, Join))
                assert join.membership.level is wanted

    run(main())
