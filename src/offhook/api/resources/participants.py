"""Participants of live conferences: list, read, mute, hold, coach, kick."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api import checks
from offhook.api.auth import Access, Authorized
from offhook.api.errors import Code, NotFound
from offhook.api.operations import Operation, body, operation, query
from offhook.api.wire.bodies import Link, Mark, Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.calls.conferences.live import LiveConference
from offhook.calls.events import ConferenceFacts, ParticipantFacts
from offhook.store.paging import Order, Page
from offhook.vocabulary.sids import CallSid, ConferenceSid

router = APIRouter()
NAMES: Final = Names(element="Participant", many="Participants", key="participants", restcomm_key="calls")
_LIST: Final = "/Accounts/{account_sid}/Conferences/{conference_sid}/Participants"
_ONE: Final = "/Accounts/{account_sid}/Conferences/{conference_sid}/Participants/{call_sid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One call in a conference."""

    sid: Annotated[str, Mark.ONLY_RESTCOMM]
    call_sid: Annotated[str, Mark.ONLY_TWILIO]
    conference_sid: str
    account_sid: str
    label: Annotated[str | None, Mark.ONLY_TWILIO]
    muted: bool
    hold: bool
    coaching: Annotated[bool, Mark.ONLY_TWILIO]
    call_sid_to_coach: Annotated[str | None, Mark.ONLY_TWILIO]
    start_conference_on_enter: bool
    end_conference_on_exit: bool
    status: Annotated[str, Mark.ONLY_TWILIO] = "connected"
    queue_time: Annotated[str | None, Mark.ONLY_TWILIO] = None
    date_created: datetime
    date_updated: datetime
    uri: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParticipants:
    """Filters of the list."""

    muted: bool | None = parameter("Those who are muted, or not.", default=None)
    hold: bool | None = parameter("Those who are held, or not.", default=None)
    coaching: bool | None = parameter("Those who coach somebody, or not.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateParticipant:
    """Parameters of a change; what is absent stays."""

    muted: bool | None = parameter("Whether nobody hears the participant.", default=None)
    mute: bool | None = parameter("The same as Muted.", default=None)
    hold: bool | None = parameter(
        "Whether the participant hears music, and nobody hears the participant.", default=None
    )
    hold_url: str | None = parameter(
        "What is heard on hold: a sound file, or a document of Say, Play, Pause and Redirect.",
        default=None,
        invalid=Code.INVALID_URL,
        check=checks.web_url,
    )
    hold_method: str | None = parameter(
        "GET or POST (the default).", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )
    coaching: bool | None = parameter("Whether only CallSidToCoach hears the participant.", default=None)
    call_sid_to_coach: str | None = parameter("The participant who alone hears this one.", default=None)
    announce_url: str | None = parameter(
        "What this participant alone hears once: a sound file, or a document of Say, Play and Pause.",
        default=None,
        invalid=Code.INVALID_URL,
        check=checks.web_url,
    )
    announce_method: str | None = parameter(
        "GET or POST (the default).", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )
    end_conference_on_exit: bool | None = parameter("Whether the conference ends with the participant.", default=None)


@router.get(
    _LIST,
    **operation(
        Operation(
            name="list_participants",
            summary="List the participants of a conference",
            names=NAMES,
            body=Participant,
            many=True,
            asks=ListParticipants,
        )
    ),
)
async def list_participants(
    access: Authorized, conference_sid: str, filters: Annotated[ListParticipants, query(ListParticipants)]
) -> Response:
    """In the order in which they came."""
    live = _conference(access, conference_sid)
    found = [
        _body(live.facts, one)
        for one in live.participants
        if filters.muted in (None, one.muted)
        and filters.hold in (None, one.hold)
        and filters.coaching in (None, one.coaching)
    ]
    wanted = replace(access.wanted_page(), order=Order(by="date_created"))
    first = wanted.number * wanted.size
    page = Page(
        rows=found[first : first + wanted.size], request=wanted, total=len(found), more=len(found) > first + wanted.size
    )
    return access.many(NAMES, page, page.rows)


@router.get(
    _ONE,
    **operation(Operation(name="fetch_participant", summary="Fetch a participant", names=NAMES, body=Participant)),
)
async def fetch_participant(access: Authorized, conference_sid: str, call_sid: str) -> Response:
    """While it is in the conference."""
    live = _conference(access, conference_sid)
    return access.one(NAMES, _body(live.facts, _participant(access, live, call_sid)))


@router.post(
    _ONE,
    **operation(
        Operation(
            name="update_participant",
            summary="Mute, hold or coach",
            names=NAMES,
            body=Participant,
            takes=UpdateParticipant,
        )
    ),
)
async def update_participant(
    access: Authorized,
    conference_sid: str,
    call_sid: str,
    form: Annotated[UpdateParticipant, body(UpdateParticipant)],
) -> Response:
    """Heard within a moment."""
    live = _conference(access, conference_sid)
    _participant(access, live, call_sid)
    coached = form.call_sid_to_coach
    changed = live.change(
        CallSid(call_sid),
        muted=form.mute if form.muted is None else form.muted,
        hold=form.hold,
        hold_url=form.hold_url,
        hold_method=form.hold_method or "POST",
        coaching=True if form.coaching is None and coached is not None else form.coaching,
        coaches=None if coached is None else CallSid(coached),
        end_on_exit=form.end_conference_on_exit,
    )
    if changed is None:
        raise NotFound(access.path)
    if form.announce_url is not None:
        live.announce(form.announce_url, form.announce_method or "POST", CallSid(call_sid))
    return access.one(NAMES, _body(live.facts, changed))


@router.delete(
    _ONE, **operation(Operation(name="delete_participant", summary="Make a participant leave the conference"))
)
async def delete_participant(access: Authorized, conference_sid: str, call_sid: str) -> Response:
    """The call goes on with what follows its <Dial>."""
    if not _conference(access, conference_sid).kick(CallSid(call_sid)):
        raise NotFound(access.path)
    return gone()


def _conference(access: Access, sid: str) -> LiveConference:
    live = access.ports.conferences.get(ConferenceSid(sid))
    if live is None or live.facts.account_sid != access.account_sid:
        raise NotFound(access.path)
    return live


def _participant(access: Access, live: LiveConference, call_sid: str) -> ParticipantFacts:
    found = live.participant(call_sid)
    if found is None:
        raise NotFound(access.path)
    return found


def _body(conference: ConferenceFacts, one: ParticipantFacts) -> Participant:
    base = f"/Accounts/{conference.account_sid}/Conferences/{conference.sid}/Participants"
    return Participant(
        sid=one.call_sid,
        call_sid=one.call_sid,
        conference_sid=conference.sid,
        account_sid=conference.account_sid,
        label=one.label,
        muted=one.muted,
        hold=one.hold,
        coaching=one.coaching,
        call_sid_to_coach=one.coaches if one.coaching else None,
        start_conference_on_enter=one.start_on_enter,
        end_conference_on_exit=one.end_on_exit,
        date_created=one.joined_at,
        date_updated=one.joined_at,
        uri=f"{base}/{one.call_sid}",
    )
