"""<Say>: what is spoken, how often, and what happens when it cannot be."""

from __future__ import annotations

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
            assert "install one" in c.notices[0].message

    run(call())
