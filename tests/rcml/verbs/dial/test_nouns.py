"""The nouns of <Dial>: whom they mean, and who hears of their progress."""

from __future__ import annotations

import pytest

from offhook.calls.dialing import ClientTarget, DialOutcome, DialRequest, DialStatus, NumberTarget, SipTarget
from offhook.calls.events import StatusCallback
from tests.support.caller import ORIGIN, caller
from tests.support.virtual_loop import run


def dialled(verb: str, **options: str) -> DialRequest:
    async def call() -> DialRequest:
        async with caller(f"<Response>{verb}</Response>", **options) as c:
            request = await c.dials_somebody()
            c.dial_ends(DialOutcome(status=DialStatus.NO_ANSWER))
            return request

    return run(call())


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("+1415", NumberTarget(number="+1415")),
        ("client:alice", ClientTarget(login="alice")),
        ("bob@host", SipTarget(uri="sip:bob@host")),
    ],
)
def test_bare_text_is_told_by_its_form(text, target):
    assert dialled(f"<Dial>{text}</Dial>").targets == (target,)


@pytest.mark.parametrize(
    ("attributes", "version", "events"),
    [
        ("", "2012-04-24", {"initiated", "ringing", "answered", "completed"}),
        ("", "2010-04-01", {"completed"}),
        (
            'statusCallbackEvent="initiated answered" statusCallbackMethod="GET"',
            "2010-04-01",
            {"initiated", "answered"},
        ),
        (
            'statusCallbackEvent="initiated, answered" statusCallbackMethod="GET"',
            "2012-04-24",
            {"initiated", "answered"},
        ),
    ],
)
def test_progress_callbacks_are_absolute_and_have_the_defaults_of_the_dialect(attributes, version, events):
    request = dialled(f'<Dial><Number statusCallback="/progress" {attributes}>1</Number></Dial>', api_version=version)
    assert request.targets[0].status_callback == StatusCallback(
        url=f"{ORIGIN}/progress", method="GET" if attributes else "POST", events=frozenset(events)
    )
