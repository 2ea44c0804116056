"""What the author and the listeners of a call are told."""

from __future__ import annotations

from datetime import UTC, datetime

from offhook.calls.events import ApplicationAsked, CallEvent, CallFacts, Heard, Noticed
from offhook.outbound.http import HttpRequest, HttpResponse
from offhook.rcml.document import DocumentWarning
from offhook.rcml.errors import Place
from offhook.rcml.notices import BODY_LIMIT, CallNotices
from offhook.vocabulary.statuses import Direction, NoticeLevel
from tests.support.caller import ACCOUNT, CALL

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REQUEST = HttpRequest(url="http://h/", form=(("A", "b c"),))


class Listening:
    facts = CallFacts(sid=CALL, account_sid=ACCOUNT, direction=Direction.INBOUND, from_="+1", to="+2", created_at=NOW)

    def __init__(self) -> None:
        self.events: list[CallEvent] = []

    def publish(self, event: CallEvent) -> None:
        self.events.append(event)


def notices(limit: int = 10) -> tuple[CallNotices, list[CallEvent]]:
    call = Listening()
    return CallNotices(call, lambda: NOW, lambda kind: f"{kind}-sid", limit), call.events


def test_a_notice_speaks_of_the_last_exchange():
    told, events = notices()
    body = b"\xff" + b"x" * BODY_LIMIT
    told.asked(REQUEST, HttpResponse(url="http://h/", status=500, headers={"a": "b"}, body=body, elapsed=0.2), 0.2)
    told.error(11200, "broken")
    asked, notice = events
    assert isinstance(asked, ApplicationAsked)
    assert (asked.status, asked.parameters, asked.elapsed) == (500, (("A", "b c"),), 0.2)
    assert isinstance(notice, Noticed)
    assert (notice.level, notice.code, notice.message) == (NoticeLevel.ERROR, 11200, "broken")
    assert (notice.request_url, notice.request_method, notice.request_variables) == ("http://h/", "POST", "A=b+c")
    assert notice.response_headers == "a: b"
    assert len(notice.response_body or "") == BODY_LIMIT


def test_an_unanswered_request_has_an_error_and_no_status():
    told, events = notices()
    told.asked(REQUEST, None, 5.0, "no answer within 5 s")
    (asked,) = events
    assert isinstance(asked, ApplicationAsked)
    assert (asked.status, asked.error, asked.elapsed) == (None, "no answer within 5 s", 5.0)


def test_the_notices_of_a_call_are_bounded_and_the_last_says_so():
    told, events = notices(limit=2)
    for number in range(10):
        told.warning(12200, str(number))
    assert [event.message for event in events][:2] == ["0", "1"]
    assert len(events) == 3
    assert "too many" in events[2].message


def test_warnings_of_a_document_are_one_notice_and_none_is_none():
    told, events = notices()
    told.document_warnings(())
    told.document_warnings([DocumentWarning(message=text, place=Place(line=1, column=1)) for text in "ab"])
    assert [event.message for event in events] == ["a\nb"]


def test_the_transcript_is_published():
    told, events = notices()
    told.heard("say", "Hi")
    assert events == [Heard(call_sid=CALL, account_sid=ACCOUNT, what="say", text="Hi", at=NOW)]
