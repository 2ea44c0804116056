"""<Conference>: how it is entered, and what follows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from offhook.calls.conferences.entry import ConferenceEntry
from offhook.calls.dialing import DialOutcome, DialRequest, DialStatus
from offhook.calls.events import StatusCallback
from offhook.vocabulary.sids import ConferenceSid
from tests.support.caller import ORIGIN, caller
from tests.support.virtual_loop import run

SAT = DialOutcome(status=DialStatus.ANSWERED, duration=9, bridged=True, conference_sid=ConferenceSid("CF" + "1" * 32))


def entered(noun: str, dial: str = "", **options: str) -> DialRequest:
    async def call() -> DialRequest:
        async with caller(f"<Response><Dial {dial}>{noun}</Dial></Response>", **options) as c:
            request = await c.dials_somebody()
            c.dial_ends(SAT)
            return request

    return run(call())


def entry(noun: str, **options: str) -> ConferenceEntry:
    found = entered(noun, **options).conference
    assert found is not None
    return found


def test_defaults_are_those_of_the_dialect():
    restcomm = entry("<Conference>room</Conference>")
    assert restcomm == ConferenceEntry(name="room", most=40, least=1)
    twilio = entry("<Conference>room</Conference>", api_version="2010-04-01")
    assert twilio == replace(restcomm, most=250, least=2)


def test_attributes_become_the_entry():
    coach = "CA" + "c" * 32
    found = entry(
        f"<Conference muted='true' beep='onExit' startConferenceOnEnter='false' endConferenceOnExit='true' waitUrl='/wait'"
        f" waitMethod='GET' maxParticipants='5' record='record-from-start' coach='{coach}' participantLabel='the chair'"
        " statusCallback='/events' statusCallbackMethod='GET' statusCallbackEvent='start, end join'> room </Conference>"
    )
    assert found == ConferenceEntry(
        name="room",
        label="the chair",
        muted=True,
        beep_on_enter=False,
        start_on_enter=False,
        end_on_exit=True,
        coaches=coach,
        most=5,
        record=True,
        status_callback=StatusCallback(
            url=f"{ORIGIN}/events", method="GET", events=frozenset({"start", "end", "join"})
        ),
        wait_url=f"{ORIGIN}/wait",
        wait_method="GET",
    )


@pytest.mark.parametrize(
    ("beep", "enter", "leave"), [("true", True, True), ("false", False, False), ("onEnter", True, False)]
)
def test_when_it_beeps(beep, enter, leave):
    found = entry(f"<Conference beep='{beep}'>room</Conference>")
    assert (found.beep_on_enter, found.beep_on_exit) == (enter, leave)


def test_an_empty_wait_url_is_silence_and_callbacks_need_events():
    found = entry("<Conference waitUrl='' statusCallback='/events'>room</Conference>")
    assert (found.wait_url, found.status_callback) == ("", None)


def test_it_takes_the_place_of_other_nouns_and_of_the_record_of_the_dial():
    request = entered(
        "<Number>1</Number><Conference>room</Conference>",
        "timeLimit='60' hangupOnStar='true' record='true' answerOnBridge='true'",
    )
    assert (request.targets, request.time_limit, request.hangup_on_star) == ((), 60, True)
    assert request.conference is not None
    assert request.conference.record


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_a_name_has_its_limits(name):
    async def call():
        async with caller(f"<Response><Dial><Conference>{name}</Conference></Dial><Say>Next</Say></Response>") as c:
            await c.hears("Next")
            assert "1 to 128" in c.notices[0].message

    run(call())


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("2012-04-24", {}),
        ("2010-04-01", {"DialCallStatus": "answered", "DialCallDuration": "9", "ConferenceSid": "CF" + "1" * 32}),
    ],
)
def test_the_action_follows_and_without_one_the_next_verb_does(version, said):
    pages = {
        "/": "<Response><Dial action='/done'><Conference>room</Conference></Dial></Response>",
        "/done": "<Response><Dial><Conference>room</Conference></Dial><Say>Next</Say></Response>",
    }

    async def call():
        async with caller(pages, api_version=version) as c:
            await c.dials_somebody()
            c.dial_ends(SAT)
            assert await c.app_was_asked("/done", **said)
            form = dict(c.web.requests[-1].form)
            assert ("DialCallStatus" in form) == bool(said)
            c.dial_ends(SAT)
            await c.hears("Next")

    run(call())


def test_a_full_conference_is_noticed_and_the_next_verb_follows():
    async def call():
        async with caller("<Response><Dial><Conference>room</Conference></Dial><Say>Next</Say></Response>") as c:
            await c.dials_somebody()
            c.dial_ends(DialOutcome(status=DialStatus.FAILED, reason="40 participants are there already"))
            await c.hears("Next")
            assert "already" in c.notices[0].message

    run(call())
