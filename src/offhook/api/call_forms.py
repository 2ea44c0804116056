"""Parameters of calls, and what they make: an application to run, an order to place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from offhook.api import checks, voice
from offhook.api.auth import Access
from offhook.api.errors import BadParameter, Code
from offhook.api.recording_forms import RecordingForm
from offhook.api.recording_forms import order_of as recording_order
from offhook.api.wire.forms import parameter
from offhook.calls.answering_machine import Thresholds
from offhook.calls.control import CallOrder
from offhook.calls.events import StatusCallback
from offhook.calls.machine_detection import MachineDetection
from offhook.calls.script import Application
from offhook.store.applications import ApplicationRow
from offhook.vocabulary.sids import ApplicationSid

_EVENTS: Final = frozenset({"initiated", "ringing", "answered", "completed"})
_LONGEST_RINGING: Final = 600
_LONGEST_CALL: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceForm:
    """Where the document comes from: exactly one of Url, Twiml, Rcml, ApplicationSid."""

    url: str | None = parameter(
        "URL of the document to run.", default=None, invalid=Code.INVALID_URL, check=checks.web_url
    )
    method: str | None = parameter(
        "GET or POST (the default).", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )
    fallback_url: str | None = parameter(
        "URL that is asked when Url fails.", default=None, invalid=Code.INVALID_URL, check=checks.web_url
    )
    fallback_method: str | None = parameter(
        "GET or POST (the default).", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )
    twiml: str | None = parameter("A document to run instead of a URL.", default=None)
    rcml: str | None = parameter("The same as Twiml.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCall(SourceForm, RecordingForm):
    """Parameters of a new call."""

    to: str = parameter(
        "Who is called: a number, client:NAME or sip:user@host, each with ?X-Header=value to add SIP headers.",
        missing=Code.NO_TO,
        invalid=Code.INVALID_TO,
        check=checks.address,
    )
    from_: str = parameter(
        "What the callee is shown.", missing=Code.NO_FROM, invalid=Code.INVALID_FROM, check=checks.caller
    )
    application_sid: str | None = parameter("Application to run instead of a URL.", default=None)
    status_callback: str | None = parameter(
        "URL that hears of the call's progress.",
        default=None,
        invalid=Code.BAD_STATUS_CALLBACK,
        check=checks.web_url,
    )
    status_callback_method: str | None = parameter(
        "GET or POST (the default).", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )
    status_callback_event: tuple[str, ...] = parameter(
        "Of initiated, ringing, answered, completed (the default); repeated, or separated by spaces or commas.",
        default=(),
    )
    timeout: int = parameter("Seconds of ringing, 1 to 600.", default=60)
    time_limit: int = parameter("Seconds that the call may last, 1 to 86400.", default=14_400)
    send_digits: str | None = parameter(
        "Keys to press once answered; w waits half a second, W a second.", default=None, check=checks.keys, secret=True
    )
    record: bool = parameter("Record the call from the answer on.", default=False)
    machine_detection: str | None = parameter(
        "Find out who answered: Enable, or DetectMessageEnd to wait for the end of a machine's greeting.",
        default=None,
        check=checks.machine_detection,
    )
    machine_detection_timeout: int = parameter("Seconds that it may take, 3 to 120.", default=30)
    machine_detection_speech_threshold: int = parameter(
        "Milliseconds of talk that no human's greeting has, 1000 to 6000.", default=2400
    )
    machine_detection_speech_end_threshold: int = parameter(
        "Milliseconds of silence that end a greeting, 500 to 5000.", default=1200
    )
    machine_detection_silence_timeout: int = parameter(
        "Milliseconds of silence from the beginning after which it is unknown, 2000 to 10000.", default=5000
    )
    async_amd: bool = parameter("Run the document meanwhile instead of waiting.", default=False)
    async_amd_status_callback: str | None = parameter(
        "URL that is told who answered, with AsyncAmd.", default=None, invalid=Code.INVALID_URL, check=checks.web_url
    )
    async_amd_status_callback_method: str | None = parameter(
        "GET or POST (the default).", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )
    sip_auth_username: str | None = parameter("User for the digest challenge of a SIP destination.", default=None)
    sip_auth_password: str | None = parameter("Password for it.", default=None, secret=True)
    username: str | None = parameter("The same as SipAuthUsername.", default=None)
    password: str | None = parameter("The same as SipAuthPassword.", default=None, secret=True)
    api_version: str | None = parameter(
        "Dialect of what is sent to the application: 2010-04-01 or 2012-04-24; that of the request by default.",
        default=None,
        check=checks.version,
    )


class NewStatus(StrEnum):
    """What a call can be told to become."""

    COMPLETED = "completed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCall(SourceForm):
    """Parameters of a change: a document to run from now on, or a status."""

    status: NewStatus | None = parameter("completed hangs up; canceled ends it only before the answer.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCalls:
    """Filters of the list."""

    to: str | None = parameter("Called address; % stands for any text.", default=None)
    from_: str | None = parameter("Calling address; % stands for any text.", default=None)
    status: str | None = parameter("Exact status.", default=None)
    parent_call_sid: str | None = parameter("Calls that this call has dialled.", default=None)
    start_on: date | None = parameter(
        "Answered on this day (UTC); from it on in the 2012-04-24 dialect.", name="StartTime", default=None
    )
    start_until: date | None = parameter("Answered until this day or moment.", name="StartTime<", default=None)
    start_since: date | None = parameter("Answered from this day or moment on.", name="StartTime>", default=None)
    end_on: date | None = parameter(
        "Ended on this day (UTC); until it in the 2012-04-24 dialect.", name="EndTime", default=None
    )
    end_until: date | None = parameter("Ended until this day or moment.", name="EndTime<", default=None)
    end_since: date | None = parameter("Ended from this day or moment on.", name="EndTime>", default=None)


def application_of(access: Access, form: SourceForm) -> Application | None:
    """What a form says to run, when it says so by URL or document. Raises ``BadParameter``."""
    document = form.twiml or form.rcml
    if document and form.url:
        raise BadParameter(Code.INVALID_URL, "Parameters Url and Twiml exclude each other: give one of them")
    limit = access.ports.settings.document_limit
    if document and len(document) > limit:
        raise BadParameter(Code.INVALID_PARAMETER, f"Parameter Twiml has more than {limit} characters")
    if not document and not form.url:
        return None
    return Application(
        url=form.url or None,
        method=form.method or "POST",
        document=document or None,
        fallback_url=form.fallback_url or None,
        fallback_method=form.fallback_method or "POST",
    )


async def order_of(access: Access, form: CreateCall) -> CallOrder:
    """The order that a form asks for. Raises ``BadParameter``."""
    application = application_of(access, form)
    row: ApplicationRow | None = None
    if form.application_sid:
        if application is not None:
            raise BadParameter(
                Code.BAD_APPLICATION, "Parameter ApplicationSid excludes Url and Twiml: give one of them"
            )
        async with access.ports.database.reading() as session:
            row = await voice.application(access, session, form.application_sid)
        assert row is not None, "a sid was given"
        application = _of_row(row)
    if application is None:
        raise BadParameter(Code.INVALID_URL, "Parameter Url is required: give Url, Twiml, Rcml or ApplicationSid")
    _within("Timeout", form.timeout, _LONGEST_RINGING)
    _within("TimeLimit", form.time_limit, _LONGEST_CALL)
    return CallOrder(
        account_sid=access.account_sid,
        to=form.to,
        from_=form.from_,
        application=application,
        application_sid=None if row is None else ApplicationSid(row.sid),
        api_version=form.api_version or access.rendering.dialect.value,
        timeout=float(form.timeout),
        time_limit=float(form.time_limit),
        send_digits=form.send_digits or "",
        sip_username=form.sip_auth_username or form.username or None,
        sip_password=form.sip_auth_password or form.password or None,
        status_callback=_callback(form, row),
        record=recording_order(form, source="OutboundAPI", seconds=form.time_limit) if form.record else None,
        machine_detection=_machine_detection(form),
    )


def _machine_detection(form: CreateCall) -> MachineDetection | None:
    if form.machine_detection is None:
        return None
    try:
        thresholds = Thresholds(
            timeout=1000 * form.machine_detection_timeout,
            speech_threshold=form.machine_detection_speech_threshold,
            speech_end_threshold=form.machine_detection_speech_end_threshold,
            silence_timeout=form.machine_detection_silence_timeout,
        )
    except ValueError as error:
        raise BadParameter(Code.INVALID_PARAMETER, f"Parameter MachineDetection…: {error}") from None
    return MachineDetection(
        message_end=form.machine_detection == "DetectMessageEnd",
        thresholds=thresholds,
        beside=form.async_amd,
        callback=form.async_amd_status_callback if form.async_amd else None,
        callback_method=form.async_amd_status_callback_method or "POST",
    )


def _of_row(row: ApplicationRow) -> Application:
    if not row.voice_url and not row.document:
        raise BadParameter(Code.BAD_APPLICATION, f"Application {row.sid} has neither VoiceUrl nor Rcml to run")
    return Application(
        url=None if row.document else row.voice_url,
        method=row.voice_method,
        document=row.document,
        fallback_url=row.voice_fallback_url,
        fallback_method=row.voice_fallback_method,
    )


def _callback(form: CreateCall, row: ApplicationRow | None) -> StatusCallback | None:
    wrong = sorted(set(form.status_callback_event) - _EVENTS)
    if wrong:
        known = ", ".join(sorted(_EVENTS))
        raise BadParameter(
            Code.BAD_STATUS_CALLBACK, f"Parameter StatusCallbackEvent {wrong[0][:40]!r} is not one of {known}"
        )
    if form.status_callback:
        events = frozenset(form.status_callback_event) or frozenset({"completed"})
        return StatusCallback(url=form.status_callback, method=form.status_callback_method or "POST", events=events)
    if row is not None and row.status_callback:
        return StatusCallback(url=row.status_callback, method=row.status_callback_method)
    return None


def _within(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise BadParameter(Code.INVALID_PARAMETER, f"Parameter {name} {value} must be 1 to {most}")
