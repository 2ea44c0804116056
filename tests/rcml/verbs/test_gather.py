"""<Gather>: prompts, keys, and what the application is told."""

from __future__ import annotations

import pytest

from tests.support.caller import answer, caller, wav
from tests.support.virtual_loop import run

MENU = """<Response>
  <Gather action="/digits" numDigits="2"><Play>menu.wav</Play></Gather>
  <Say>You pressed nothing</Say>
</Response>"""


def pages(first: str, digits: str = "<Response><Say>Thanks</Say></Response>") -> dict[str, object]:
    return {"/": first, "/digits": digits, "/menu.wav": wav("menu.wav")}


def test_a_caller_interrupts_the_menu_and_his_keys_reach_the_application():
    async def call():
        async with caller(pages(MENU)) as c:
            await c.hears("menu.wav")
            c.presses("42")
            assert await c.app_was_asked("/digits", Digits="42")
            await c.hears("Thanks")
            await c.is_over()
            assert ("digits", "42") in c.transcript

    run(call())


def test_keys_by_info_stop_the_prompt_as_well():
    async def call():
        async with caller(pages(MENU)) as c:
            await c.hears("menu.wav")
            c.presses_by_info("4")
            await c.waits(0.01)
            assert not c.engine.works
            c.presses_by_info("2")
            assert await c.app_was_asked("/digits", Digits="42")

    run(call())


def test_a_caller_who_presses_nothing_goes_on_to_the_next_verb_after_prompt_and_timeout():
    async def call():
        async with caller(pages(MENU)) as c:
            await c.hears("menu.wav")
            await c.waits(5.9)
            assert "You pressed nothing" not in c.engine.heard
            await c.hears("You pressed nothing")
            await c.is_over()
            assert len(c.web.requests) == 2

    run(call())


def test_the_timeout_also_runs_between_keys():
    async def call():
        async with caller(pages('<Response><Gather action="/digits" timeout="3"/></Response>')) as c:
            await c.app_was_asked("/")
            await c.waits(2)
            c.presses("1")
            await c.waits(2)
            c.presses("2")
            assert await c.app_was_asked("/digits", Digits="12")

    run(call())


def test_the_finish_key_ends_the_input_and_is_no_part_of_it():
    async def call():
        async with caller(pages('<Response><Gather action="/digits"/></Response>')) as c:
            await c.waits(1)
            c.presses("123#")
            await c.waits(0.05)
            assert await c.app_was_asked("/digits", Digits="123", FinishedOnKey="#")

    run(call())


def test_the_finish_key_alone_is_no_input():
    async def call():
        document = '<Response><Gather action="/digits"/><Say>Nothing</Say></Response>'
        async with caller(pages(document)) as c:
            await c.waits(1)
            c.presses("#")
            await c.hears("Nothing")
            await c.is_over()
            assert len(c.web.requests) == 1

    run(call())


def test_an_empty_finish_key_makes_the_hash_an_ordinary_key():
    async def call():
        document = '<Response><Gather action="/digits" finishOnKey="" numDigits="3"/></Response>'
        async with caller(pages(document)) as c:
            await c.waits(1)
            c.presses("#1#")
            assert await c.app_was_asked("/digits", Digits="#1#")

    run(call())


def test_keys_that_may_not_start_the_input_are_ignored():
    async def call():
        document = (
            '<Response><Gather action="/digits" startInputKey="12" numDigits="2"><Say>Go</Say></Gather></Response>'
        )
        async with caller(pages(document)) as c:
            await c.hears("Go")
            c.presses("9")
            await c.waits(0.1)
            assert c.engine.works, "the prompt plays on"
            c.presses("19")
            assert await c.app_was_asked("/digits", Digits="19")

    run(call())


def test_an_empty_result_is_announced_when_the_document_wants_it():
    async def call():
        document = '<Response><Gather action="/digits" timeout="1" actionOnEmptyResult="true"/></Response>'
        async with caller(pages(document)) as c:
            assert await c.app_was_asked("/digits", Digits="")

    run(call())


def test_without_an_action_the_next_verb_runs_and_in_the_other_dialect_the_document_is_asked_again():
    document = '<Response><Gather numDigits="1" timeout="1"/><Say>On we go</Say></Response>'

    async def restcomm():
        async with caller(pages(document)) as c:
            await c.waits(0.5)
            c.presses("1")
            await c.hears("On we go")

    async def twilio():
        async with caller(pages(document), api_version="2010-04-01") as c:
            await c.app_was_asked("/")
            await c.waits(0.5)
            c.presses("1")
            assert await c.app_was_asked("/", Digits="1")

    run(restcomm())
    run(twilio())


def test_a_key_pressed_too_early_does_not_answer_the_next_question():
    first = '<Response><Gather action="/digits" numDigits="4"/></Response>'
    second = '<Response><Gather action="/second" timeout="1"/><Say>Nothing</Say></Response>'

    async def call():
        async with caller(pages(first, second)) as c:
            await c.waits(0.5)
            c.presses("1234#")
            assert await c.app_was_asked("/digits", Digits="1234")
            await c.hears("Nothing")

    run(call())


def test_all_prompts_are_heard_in_order_and_as_often_as_they_say():
    document = """<Response><Gather timeout="1">
      <Say>One</Say><Pause length="2"/><Play loop="2">menu.wav</Play><Say>Two</Say>
    </Gather></Response>"""

    async def call():
        async with caller(pages(document)) as c:
            await c.hears("One", "silence 2000", "menu.wav", "menu.wav", "Two")

    run(call())


def test_a_prompt_without_end_plays_until_a_key():
    document = (
        '<Response><Gather action="/digits" numDigits="1"><Say>Hi</Say><Say loop="0">Again</Say></Gather></Response>'
    )

    async def call():
        async with caller(pages(document)) as c:
            await c.hears("Hi", "Again", "Again")
            await c.waits(1000)
            c.presses("5")
            assert await c.app_was_asked("/digits", Digits="5")

    run(call())


def test_a_prompt_that_cannot_be_made_does_not_spoil_the_menu():
    document = (
        '<Response><Gather action="/digits" numDigits="1"><Play>/gone.wav</Play><Say>Press</Say></Gather></Response>'
    )

    async def call():
        async with caller(pages(document)) as c:
            await c.hears("Press")
            c.presses("1")
            assert await c.app_was_asked("/digits", Digits="1")
            assert [notice.code for notice in c.notices] == [13233]

    run(call())


def test_without_barge_in_the_prompt_plays_to_its_end():
    document = '<Response><Gather action="/digits" bargeIn="false" numDigits="1"><Say>Law</Say></Gather></Response>'

    async def call():
        async with caller(pages(document)) as c:
            await c.hears("Law")
            c.presses("1")
            await c.waits(0.9)
            assert len(c.web.requests) == 1
            assert await c.app_was_asked("/digits", Digits="1")

    run(call())


def test_a_caller_who_hangs_up_in_the_menu_is_not_announced():
    async def call():
        async with caller(pages(MENU)) as c:
            await c.hears("menu.wav")
            c.hangs_up()
            await c.waits(10)
            assert len(c.web.requests) == 2

    run(call())


@pytest.mark.parametrize("reply", [answer("", status=204), answer("", kind="")])
def test_an_empty_answer_to_the_action_ends_the_call(reply):
    async def call():
        async with caller(pages(MENU) | {"/digits": reply}) as c:
            await c.hears("menu.wav")
            c.presses("42")
            await c.is_over()
            assert c.hung_up_by_us == "the document ended"
            assert not c.notices

    run(call())
