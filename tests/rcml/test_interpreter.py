"""The road through a call's documents: answering, interruptions, failures, fallback, and what remains after a hangup."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import ClassVar

import pytest

from offhook.calls.dialing import DialOutcome, DialStatus
from offhook.calls.script import Application
from offhook.outbound.http import OutboundError, OutboundFault
from offhook.rcml import fetch
from offhook.rcml.context import Context
from offhook.rcml.outcome import Need, Next, Outcome
from offhook.rcml.schema import Text, Vocabulary, verb
from offhook.rcml.settings import RcmlSettings
from offhook.rcml.verbs import VERBS
from tests.support.caller import ORIGIN, answer, caller, wav
from tests.support.virtual_loop import run

EVERY_VERB = {
    "Say": "<Say>x</Say>",
    "Say without end": '<Say loop="0">x</Say>',
    "Play": "<Play>menu.wav</Play>",
    "Play keys": '<Play digits="1wwww2"/>',
    "Pause": '<Say>x</Say><Pause length="20"/>',
    "Pause before answer": '<Pause length="20"/>',
    "Gather": '<Gather action="/next"><Say>x</Say></Gather>',
    "Gather without prompt": '<Gather action="/next"/>',
    "Record": "<Record/>",
    "Record with action": '<Record action="/next"/>',
    "Dial": "<Dial>+1415</Dial>",
    "Dial with action": '<Dial action="/next">+1415</Dial>',
    "Redirect": "<Redirect>/next</Redirect>",
    "Echo": "<Echo/>",
    "Hangup": "<Hangup/>",
    "Reject": "<Reject/>",
}


@pytest.mark.parametrize("when", [0.0, 0.005, 0.5, 5.5])
@pytest.mark.parametrize("verbs", EVERY_VERB.values(), ids=EVERY_VERB.keys())
def test_a_caller_who_hangs_up_at_any_verb_leaves_nothing_behind(verbs, when):
    pages = {
        "/": f"<Response>{verbs}<Say>never heard when gone</Say></Response>",
        "/next": "<Response/>",
        "/menu.wav": wav("menu.wav"),
    }

    async def call():
        async with caller(pages) as c:
            await c.waits(when)
            c.hangs_up()
            await c.waits(0.01)
            heard = len(c.engine.heard)
            await c.waits(30)
            assert len(c.engine.heard) == heard

    run(call())


@pytest.mark.parametrize("verbs", [v for k, v in EVERY_VERB.items() if k not in ("Hangup", "Reject", "Redirect")])
def test_a_redirect_stops_any_verb_and_runs_the_new_application(verbs):
    pages = {
        "/": f"<Response>{verbs}{verbs}{verbs}</Response>",
        "/next": "<Response/>",
        "/new": "<Response><Say>New</Say></Response>",
        "/menu.wav": wav("menu.wav"),
    }

    async def call():
        async with caller(pages) as c:
            await c.waits(0.6)
            c.is_redirected(Application(url=f"{ORIGIN}/new"))
            await c.hears("New")
            await c.is_over()
            assert "/next" not in [r.url.removeprefix(ORIGIN) for r in c.web.requests]

    run(call())


def test_a_redirect_while_the_application_is_asked_abandons_the_request():
    async def call():
        async with caller(
            {"/": "<Response><Say>Old</Say></Response>", "/new": "<Response><Say>New</Say></Response>"}
        ) as c:
            c.web.delay = 3
            await c.waits(1)
            c.is_redirected(Application(url=f"{ORIGIN}/new"))
            await c.hears("New")
            assert "Old" not in c.engine.heard

    run(call())


def test_an_action_under_way_when_the_caller_hangs_up_is_not_asked_twice():
    async def call():
        async with caller(
            {"/": '<Response><Gather action="/next" numDigits="1"/></Response>', "/next": "<Response/>"}
        ) as c:
            await c.waits(0.5)
            c.web.delay = 2
            c.presses("1")
            await c.waits(1)
            c.hangs_up()
            await c.waits(10)
            assert [r.url for r in c.web.requests] == [f"{ORIGIN}/", f"{ORIGIN}/next"]

    run(call())


@pytest.mark.parametrize(
    ("first", "answers"),
    [
        ("<Say>x</Say>", True),
        ("<Hangup/>", True),
        ('<Reject reason="busy"/>', False),
        ('<Pause length="3"/><Reject/>', False),
        ("<Redirect>/reject</Redirect>", False),
    ],
)
def test_only_what_needs_an_answered_call_answers_it(first, answers):
    async def call():
        async with caller({"/": f"<Response>{first}</Response>", "/reject": "<Response><Reject/></Response>"}) as c:
            await c.is_over()
            assert c.answered is answers
            assert (c.refused is None) is answers

    run(call())


BROKEN = {
    "bad XML": "<Response><Say>x</Response>",
    "another root": "<Twiml/>",
    "a wrong value": '<Response><Gather numDigits="x"/></Response>',
    "an odd type": answer("{}", kind="application/json"),
    "an error": answer("oops", status=500),
    "no server": OutboundError(OutboundFault.CONNECT, "app.test:80 refused the connection; start the application"),
    "an odd sound": answer(b"....", kind="audio/mp4"),
}
CODES = {
    "bad XML": 12100,
    "another root": 12102,
    "a wrong value": 12200,
    "an odd type": 12300,
    "an error": 11200,
    "no server": 11205,
    "an odd sound": 12300,
}


@pytest.mark.parametrize("page", BROKEN)
def test_before_answer_a_failed_application_is_sip_500_and_a_notification(page):
    async def call():
        async with caller({"/": BROKEN[page]}) as c:
            await c.is_over()
            assert c.refused is not None
            assert c.refused[0] == 500
            assert [notice.code for notice in c.notices] == [CODES[page]]
            assert c.notices[0].request_url == f"{ORIGIN}/"
            assert "CallSid=" in (c.notices[0].request_variables or "")

    run(call())


@pytest.mark.parametrize("page", BROKEN)
def test_after_answer_without_fallback_the_caller_hears_an_apology(page):
    async def call():
        async with caller({"/": "<Response><Say>Hi</Say><Redirect>/b</Redirect></Response>", "/b": BROKEN[page]}) as c:
            await c.hears("Hi", RcmlSettings().apology)
            await c.is_over()
            assert c.hung_up_by_us == "the application failed"
            assert [notice.code for notice in c.notices] == [CODES[page]]

    run(call())


@pytest.mark.parametrize("page", BROKEN)
@pytest.mark.parametrize("broken", ["/", "/b"])
def test_the_fallback_url_stands_in_once(page, broken):
    pages = {
        "/": "<Response><Say>Hi</Say><Redirect>/b</Redirect></Response>",
        "/b": "<Response><Say>B</Say></Response>",
        "/fallback": "<Response><Say>Sorry</Say><Redirect>/gone</Redirect></Response>",
    } | {broken: BROKEN[page]}

    async def call():
        async with caller(pages, fallback="/fallback") as c:
            assert await c.app_was_asked("/fallback", ErrorCode=str(CODES[page]), ErrorUrl=f"{ORIGIN}{broken}")
            await c.hears("Sorry", RcmlSettings().apology)
            await c.is_over()

    run(call())


def test_an_apology_that_cannot_be_spoken_does_not_keep_the_call():
    async def call():
        async with caller({"/": "<Response><Echo/></Response>"}, answered=True) as c:
            await c.hears("echo")
            c.tongue.fails = True
            c.is_redirected(Application(url=f"{ORIGIN}/gone"))
            await c.is_over()
            assert c.hung_up_by_us == "the application failed"

    run(call())


def test_a_number_that_the_application_does_not_know_is_sip_404():
    async def call():
        async with caller({"/": answer("<Response/>", status=404)}) as c:
            await c.is_over()
            assert c.refused is not None
            assert c.refused[0] == 404
            assert [notice.code for notice in c.notices] == [21402]

    run(call())


def test_a_circle_of_redirects_is_broken_with_a_notification():
    async def call():
        settings = RcmlSettings(idle_documents=20)
        async with caller("<Response><Redirect>/</Redirect></Response>", settings=settings) as c:
            await c.is_over()
            assert len(c.web.requests) == 21
            assert c.notices[-1].code == 13720
            assert "circle" in c.notices[-1].message

    run(call())


def test_a_menu_may_come_round_as_often_as_it_likes():
    async def call():
        settings = RcmlSettings(idle_documents=3)
        async with caller("<Response><Say>Hold</Say><Redirect>/</Redirect></Response>", settings=settings) as c:
            await c.waits(50)
            assert len(c.web.requests) > 40
            assert not c.notices

    run(call())


def test_a_verb_that_fails_is_noticed_and_the_next_one_runs():
    async def call():
        async with caller("<Response><Play>/gone.wav</Play><Say>After</Say></Response>") as c:
            await c.hears("After")
            assert c.notices[0].code == 13233
            assert c.notices[0].message.startswith("<Play>: ")

    run(call())


def test_a_media_engine_that_refuses_does_not_end_the_call():
    async def call():
        async with caller("<Response><Say>x</Say><Echo/></Response>") as c:
            c.engine.refuses = "no such codec"
            await c.hears("echo")
            assert c.notices[0].message == "<Say>: no such codec"

    run(call())


def test_a_call_that_cannot_be_answered_ends():
    async def call():
        async with caller("<Response><Say>x</Say></Response>", fails_to_answer=True) as c:
            await c.is_over()
            assert not c.engine.heard

    run(call())


def test_warnings_of_a_document_are_one_notice():
    async def call():
        async with caller("<Response><Sai/><Say colour='red'>Hi</Say></Response>") as c:
            await c.hears("Hi")
            (notice,) = c.notices
            assert notice.level == "1"
            assert notice.message.count("\n") == 1

    run(call())


def test_notices_of_one_call_are_bounded():
    async def call():
        settings = RcmlSettings(notices_per_call=5, idle_documents=50)
        async with caller("<Response><Sai/><Redirect>/</Redirect></Response>", settings=settings) as c:
            await c.is_over()
            assert len(c.notices) == 6
            assert "too many" in c.notices[-1].message

    run(call())


@verb
class Remember:
    """A verb that needs no call, such as a message."""

    needs: ClassVar[frozenset[Need]] = frozenset()
    text: Text = ""

    async def run(self, ctx: Context) -> Outcome:
        ctx.transcript.heard("remember", self.text)
        return Next()


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "VOCABULARY", Vocabulary((*VERBS, Remember)))


@pytest.mark.usefixtures("remembering")
def test_after_a_hangup_only_verbs_without_needs_run():
    document = """<Response><Remember>a</Remember><Say>Hello</Say><Pause/><Remember>b</Remember><Dial>1</Dial>
        <Redirect>/never</Redirect><Remember>c</Remember></Response>"""

    async def call():
        async with caller(document) as c:
            await c.hears("Hello")
            c.hangs_up()
            await c.waits(1)
            assert [text for what, text in c.transcript if what == "remember"] == ["a", "b", "c"]
            assert len(c.web.requests) == 1
            assert c.dials == []

    run(call())


@pytest.mark.usefixtures("remembering")
@pytest.mark.parametrize("verbs", ["<Record action='/next'/>", "<Dial action='/next'>+1415</Dial>"])
def test_what_record_and_dial_owe_is_asked_after_the_hangup_and_its_answer_runs(verbs):
    pages = {
        "/": f"<Response>{verbs}<Remember>x</Remember></Response>",
        "/next": "<Response><Say>?</Say><Remember>y</Remember></Response>",
    }

    async def call():
        async with caller(pages) as c:
            await c.waits(2)
            c.hangs_up()
            assert await c.app_was_asked("/next", CallStatus="completed")
            await c.waits(1)
            assert [text for what, text in c.transcript if what == "remember"] == ["y"]

    run(call())


def test_what_follows_a_hangup_is_limited_in_time():
    async def call():
        pages = {"/": "<Response><Record action='/next'/></Response>", "/next": "<Response/>"}
        async with caller(pages, settings=RcmlSettings(hangup_limit=5)) as c:
            await c.waits(1)
            c.web.delay = 100
            c.hangs_up()
            await c.waits(6)
            assert "longer than 5 s" in c.notices[-1].message

    run(call())


def test_a_document_at_hand_needs_no_request():
    async def call():
        async with caller(document="<Response><Say>Here</Say><Redirect>/relative</Redirect></Response>") as c:
            await c.hears("Here")
            await c.is_over()
            assert c.web.requests == []
            assert "in full" in c.notices[-1].message

    run(call())


def test_a_dial_that_ended_goes_on_with_the_next_verb():
    async def call():
        async with caller("<Response><Dial>+1415</Dial><Say>Nobody there</Say></Response>") as c:
            await c.dials_somebody()
            c.dial_ends(DialOutcome(status=DialStatus.NO_ANSWER))
            await c.hears("Nobody there")

    run(call())


def test_nothing_is_asked_of_an_application_without_url():
    async def call():
        async with caller("<Response><Echo/></Response>") as c:
            await c.hears("echo")
            c.is_redirected(replace(c.application, url=None))
            await c.is_over()
            assert c.notices[-1].code == 11100

    run(call())


@pytest.mark.parametrize("steps", range(12))
def test_a_redirect_that_was_granted_while_the_last_verb_ended_is_carried_out(steps):
    pages = {"/": "<Response><Say>Old</Say></Response>", "/new": "<Response><Say>New</Say></Response>"}

    async def call():
        async with caller(pages, answered=True) as c:
            await c.hears("Old")
            (playing,) = c.engine.works.values()
            await asyncio.sleep(playing.timer.when() - asyncio.get_running_loop().time())
            for _ in range(steps):
                await asyncio.sleep(0)
            if c.hung_up_by_us is None:
                c.is_redirected(Application(url=f"{ORIGIN}/new"))
                await c.hears("New")
            await c.is_over()

    run(call())
