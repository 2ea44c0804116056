"""<Dial>: whom it rings, what follows, and what the application is told."""

from __future__ import annotations

import pytest

from offhook.calls.dialing import (
    ClientTarget,
    DialOutcome,
    DialRecording,
    DialRequest,
    DialStatus,
    NumberTarget,
    SipTarget,
)
from offhook.vocabulary.sids import CallSid
from tests.support.caller import RECORDING, caller
from tests.support.virtual_loop import run

CHILD = CallSid("CA" + "c" * 32)
TALKED = DialOutcome(status=DialStatus.COMPLETED, call_sid=CHILD, duration=42, ring_duration=3, bridged=True)


def dialled(verb: str, **options: str) -> DialRequest:
    async def call() -> DialRequest:
        async with caller(f"<Response>{verb}</Response>", **options) as c:
            request = await c.dials_somebody()
            c.dial_ends(TALKED)
            return request

    return run(call())


def test_the_attributes_become_the_request():
    request = dialled(
        '<Dial timeout="20" timeLimit="60" callerId="+1999" hangupOnStar="true" ringTone="uk" record="record-from-answer-dual">'
        "<Number sendDigits='w1'>+1 (415) 555-0100</Number><Client>alice</Client>"
        "<Sip username='u' password='p'>bob@host;transport=tcp?To-Whom=me&amp;X-A=b</Sip></Dial>"
    )
    assert request.targets == (
        NumberTarget(number="+14155550100", send_digits="w1"),
        ClientTarget(login="alice"),
        SipTarget(uri="sip:bob@host;transport=tcp", username="u", password="p"),
    )
    assert (request.timeout, request.time_limit, request.caller_id) == (20, 60, "+1999")
    assert (request.hangup_on_star, request.record, request.ring_tone) == (True, DialRecording.DUAL, "uk")
    assert request.headers == (("X-To-Whom", "me"), ("X-A", "b"))


@pytest.mark.parametrize(("attribute", "answered"), [("", True), (" answerOnBridge='true'", False)])
def test_the_caller_is_answered_before_the_far_end_rings_or_with_it(attribute, answered):
    async def call():
        async with caller(f"<Response><Dial{attribute}>+1415</Dial></Response>") as c:
            await c.dials_somebody()
            assert c.answered is answered
            c.dial_ends(TALKED)

    run(call())


def test_a_noun_that_cannot_be_dialled_is_noticed_and_the_others_ring():
    async def call():
        async with caller("<Response><Dial><Number>no!</Number><Sip>x</Sip><Client>a</Client></Dial></Response>") as c:
            request = await c.dials_somebody()
            assert request.targets == (ClientTarget(login="a"),)
            assert len(c.notices) == 2

    run(call())


def test_when_nobody_can_be_dialled_the_action_hears_of_a_failure():
    pages = {"/": '<Response><Dial action="/done"><Client/></Dial></Response>', "/done": "<Response/>"}

    async def call():
        async with caller(pages) as c:
            assert await c.app_was_asked("/done", DialCallStatus="failed", DialCallSid="null", DialCallDuration="0")
            assert c.dials == []

    run(call())


def test_an_empty_dial_is_passed_over():
    async def call():
        async with caller('<Response><Dial action="/done"/><Say>Next</Say></Response>') as c:
            await c.hears("Next")

    run(call())


def test_the_action_hears_what_came_of_it():
    pages = {"/": '<Response><Dial action="/done">1</Dial></Response>', "/done": "<Response><Say>Bye</Say></Response>"}
    outcome = DialOutcome(
        status=DialStatus.COMPLETED,
        call_sid=CHILD,
        duration=42,
        ring_duration=3,
        bridged=True,
        recording_sid=RECORDING,
        recording_duration=41_700,
        sip_call_id="abc@host",
        sip_code=200,
        sip_headers=(("X-Agent", "7"),),
    )

    async def call():
        async with caller(pages) as c:
            await c.dials_somebody()
            c.dial_ends(outcome)
            assert await c.app_was_asked(
                "/done",
                DialCallStatus="completed",
                DialCallSid=CHILD,
                DialCallDuration="42",
                DialRingDuration="3",
                DialBridged="true",
                RecordingSid=RECORDING,
                RecordingDuration="42",
                DialSipCallId="abc@host",
                DialSipResponseCode="200",
                **{"DialSipHeader_X-Agent": "7"},
            )
            assert "/Recordings" not in c.web.requests[-1].url
            await c.hears("Bye")

    run(call())


@pytest.mark.parametrize("status", DialStatus)
def test_every_status_has_its_word(status):
    pages = {"/": '<Response><Dial action="/done">1</Dial></Response>', "/done": "<Response/>"}

    async def call():
        async with caller(pages) as c:
            await c.dials_somebody()
            c.dial_ends(DialOutcome(status=status))
            assert await c.app_was_asked("/done", DialCallStatus=status.value)

    run(call())


def test_a_caller_who_hangs_up_in_conversation_is_announced_with_its_length():
    pages = {"/": '<Response><Dial action="/done">1</Dial></Response>', "/done": "<Response/>"}

    async def call():
        async with caller(pages) as c:
            await c.dials_somebody()
            c.hangs_up()
            assert await c.app_was_asked("/done", DialCallStatus="completed", DialCallDuration="7")
            await c.waits(10)
            assert len(c.web.requests) == 2

    run(call())


@pytest.mark.parametrize(
    ("version", "attributes", "goes_on"),
    [("2012-04-24", "", False), ("2010-04-01", "", True), ("2012-04-24", 'hangupOnStar="true"', True)],
)
def test_after_a_conversation_without_action_the_dialect_decides(version, attributes, goes_on):
    async def call():
        document = f"<Response><Dial {attributes}>1</Dial><Say>Still here</Say></Response>"
        async with caller(document, api_version=version) as c:
            await c.dials_somebody()
            c.dial_ends(TALKED)
            await c.is_over()
            assert ("Still here" in c.engine.heard) is goes_on

    run(call())


def test_targets_that_were_not_rung_are_noticed():
    async def call() -> None:
        async with caller("<Response><Dial><Client>bob</Client></Dial><Pause length='1'/></Response>") as c:
            await c.dials_somebody()
            c.dial_ends(DialOutcome(status=DialStatus.FAILED, not_rung=("client bob is not registered",)))
            await c.is_over()
            [notice] = c.notices
            assert notice.code == 13223
            assert "client bob is not registered" in notice.message

    run(call())
