"""What an application's author is told of a call: notifications, the requests made, the transcript; bounded per call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlencode

from offhook.calls.events import ApplicationAsked, Heard, Noticed
from offhook.calls.script import ScriptCall
from offhook.outbound.http import HttpRequest, HttpResponse
from offhook.rcml.document import DocumentWarning
from offhook.rcml.errors import Code
from offhook.rcml.urls import without_credentials
from offhook.vocabulary.sids import NotificationSid
from offhook.vocabulary.statuses import NoticeLevel

BODY_LIMIT = 4_096
"""Characters of a response that a notification repeats."""
VARIABLES_LIMIT = 8_192


class CallNotices:
    """Notices and transcript of one call. After ``limit`` notices one more says that the rest is dropped."""

    def __init__(
        self, call: ScriptCall, now: Callable[[], datetime], new_sid: Callable[[str], str], limit: int
    ) -> None:
        self._call = call
        self._now = now
        self._new_sid = new_sid
        self._left = limit
        self._request: HttpRequest | None = None
        self._response: HttpResponse | None = None

    def about(self, request: HttpRequest | None, response: HttpResponse | None = None) -> None:
        """Of which exchange with the application the notices that follow speak."""
        self._request, self._response = request, response

    def error(self, code: int, message: str) -> None:
        """Something that kept the application from working."""
        self._notice(NoticeLevel.ERROR, code, message)

    def warning(self, code: int, message: str) -> None:
        """Something that was ignored or repaired."""
        self._notice(NoticeLevel.WARNING, code, message)

    def document_warnings(self, warnings: Sequence[DocumentWarning]) -> None:
        """All warnings of one document, in one notice."""
        if warnings:
            self.warning(Code.WRONG_VALUE, "\n".join(each.message for each in warnings))

    def heard(self, what: str, text: str) -> None:
        """A line of the transcript."""
        facts = self._call.facts
        self._call.publish(
            Heard(call_sid=facts.sid, account_sid=facts.account_sid, what=what, text=text, at=self._now())
        )

    def asked(
        self, request: HttpRequest, response: HttpResponse | None, elapsed: float, error: str | None = None
    ) -> None:
        """A request to the application, answered or not."""
        self.about(request, response)
        facts = self._call.facts
        self._call.publish(
            ApplicationAsked(
                call_sid=facts.sid,
                account_sid=facts.account_sid,
                url=without_credentials(request.url),
                method=request.method,
                parameters=request.form,
                status=None if response is None else response.status,
                content_type=None if response is None else response.content_type,
                error=error,
                elapsed=elapsed,
                at=self._now(),
            )
        )

    def _notice(self, level: NoticeLevel, code: int, message: str) -> None:
        if self._left < 0:
            return
        if self._left == 0:
            message = "this call caused too many notifications; what follows is not recorded"
        self._left -= 1
        facts, request, response = self._call.facts, self._request, self._response
        self._call.publish(
            Noticed(
                sid=NotificationSid(self._new_sid("notification")),
                account_sid=facts.account_sid,
                call_sid=facts.sid,
                level=level,
                code=int(code),
                message=message,
                request_url=None if request is None else without_credentials(request.url),
                request_method=None if request is None else request.method,
                request_variables=None if request is None else urlencode(request.form)[:VARIABLES_LIMIT],
                response_headers=None
                if response is None
                else "\n".join(f"{name}: {value}" for name, value in response.headers.items()),
                response_body=None if response is None else response.body[:BODY_LIMIT].decode("utf-8", "replace"),
                at=self._now(),
            )
        )
