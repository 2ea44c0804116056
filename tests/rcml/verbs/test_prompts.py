"""<Say>, <Play>, <Pause> and <Echo>: what the caller hears."""

from __future__ import annotations

import pytest

from tests.support.caller import caller, wav
from tests.support.virtual_loop import run


def test_text_is_spoken_in_its_language_and_voice():
    async def call():
        async with caller('<Response><Say voice="woman" language="bp" loop="2">Bom dia</Say><Say/></Response>') as c:
            await c.hears("Bom dia")
            await c.waits(1.9)
            assert c.engine.works
            await c.is_over()
            (utterance,) = c.tongue.said
            assert (utterance.text, utterance.language, utterance.voice) == ("Bom dia", "pt-BR", "woman")
            assert ("say", "Bom dia") in c.transcript

    run(call())


def test_text_that_cannot_be_spoken_is_noticed_and_the_call_goes_on():
    async def call():
        async with caller("<Response><Say>x</Say><Play>/a.wav</Play></Response>") as c:
            c.tongue.fails = True
            c.web.pages["/a.wav"] = wav("a")
            await c.hears("a")
            assert c.notices[0].code == 13520

    run(call())


def test_a_file_and_keys_are_played():
    async def call():
        async with caller({"/": '<Response><Play digits="1w2">/a.wav</Play></Response>', "/a.wav": wav("a")}) as c:
            await c.hears("keys 1w2", "a")
            await c.is_over()

    run(call())


@pytest.mark.parametrize("answered", [True, False])
def test_a_pause_lasts_as_long_as_it_says(answered):
    async def call():
        async with caller('<Response><Pause length="5"/><Say>Now</Say></Response>', answered=answered) as c:
            await c.waits(4.9)
            assert c.answered is answered
            assert "Now" not in c.engine.heard
            await c.hears("Now")

    run(call())


def test_an_echo_lasts_until_the_call_ends():
    async def call():
        async with caller("<Response><Echo/><Say>never</Say></Response>") as c:
            await c.hears("echo")
            await c.waits(600)
            c.hangs_up()
            await c.waits(1)
            assert "never" not in c.engine.heard

    run(call())
