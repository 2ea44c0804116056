"""Conferences that are live: list, read, announce, end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api import checks
from offhook.api.auth import Access, Authorized
from offhook.api.dialect import Dialect
from offhook.api.errors import BadParameter, Code, NotFound
from offhook.api.operations import Operation, body, operation, query
from offhook.api.wire.bodies import Link, Links, Mark, Names
from offhook.api.wire.forms import parameter
from offhook.calls.conferences.live import LiveConference
from offhook.store.paging import Order, Page
from offhook.vocabulary.sids import ConferenceSid
from offhook.vocabulary.statuses import ConferenceStatus

router = APIRouter()
NAMES: Final = Names(element="Conference", many="Conferences", key="conferences")
_LIST: Final = "/Accounts/{account_sid}/Conferences"
_ONE: Final = "/Accounts/{account_sid}/Conferences/{sid}"
_RESTCOMM_STATUS: Final = {
    ConferenceStatus.INIT: "RUNNING_MODERATOR_ABSENT",
    ConferenceStatus.IN_PROGRESS: "RUNNING_MODERATOR_PRESENT",
    ConferenceStatus.COMPLETED: "COMPLETED",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """One conference."""

    sid: str
    account_sid: str
    friendly_name: str
    status: str
    region: Annotated[str | None, Mark.ONLY_TWILIO] = None
    api_version: str
    date_created: datetime
    date_updated: datetime
    reason_conference_ended: Annotated[str | None, Mark.ONLY_TWILIO]
    call_sid_ending_conference: Annotated[str | None, Mark.ONLY_TWILIO]
    uri: Link
    subresource_uris: Links


class NewStatus(StrEnum):
    """What a conference can be told to become."""

    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateConference:
    """Parameters of a change."""

    status: NewStatus | None = parameter("completed makes all participants leave; their calls go on.", default=None)
    announce_url: str | None = parameter(
        "What all hear once, over what they say: a sound file, or a document of Say, Play and Pause.",
        default=None,
        invalid=Code.INVALID_URL,
        check=checks.web_url,
    )
    announce_method: str | None = parameter(
        "GET or POST (the default).", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListConferences:
    """Filters of the list."""

    status: str | None = parameter("init or in-progress.", default=None)
    friendly_name: str | None = parameter("Exact name.", default=None)


@router.get(
    _LIST,
    **operation(
        Operation(
            name="list_conferences",
            summary="List live conferences",
            names=NAMES,
            body=Conference,
            many=True,
            asks=ListConferences,
        )
    ),
)
async def list_conferences(access: Authorized, filters: Annotated[ListConferences, query(ListConferences)]) -> Response:
    """Newest first."""
    found = [
        _body(access, live)
        for live in sorted(
            access.ports.conferences.of(access.account_sid), key=lambda one: one.facts.created_at, reverse=True
        )
        if filters.friendly_name in (None, live.facts.name)
    ]
    wanted = replace(access.wanted_page(), order=Order(by="date_created", descending=True))
    chosen = [one for one in found if filters.status in (None, one.status)]
    first = wanted.number * wanted.size
    page = Page(
        rows=chosen[first : first + wanted.size],
        request=wanted,
        total=len(chosen),
        more=len(chosen) > first + wanted.size,
    )
    return access.many(NAMES, page, page.rows)


@router.get(
    _ONE, **operation(Operation(name="fetch_conference", summary="Fetch a conference", names=NAMES, body=Conference))
)
async def fetch_conference(access: Authorized, sid: str) -> Response:
    """While it is live."""
    return access.one(NAMES, _body(access, _live(access, sid)))


@router.post(
    _ONE,
    **operation(
        Operation(
            name="update_conference",
            summary="Announce something to a conference, or end it",
            names=NAMES,
            body=Conference,
            takes=UpdateConference,
        )
    ),
)
async def update_conference(
    access: Authorized, sid: str, form: Annotated[UpdateConference, body(UpdateConference)]
) -> Response:
    """All participants leave; each call goes on with what follows its <Dial>."""
    live = _live(access, sid)
    if form.status is None and form.announce_url is None:
        raise BadParameter(Code.INVALID_PARAMETER, "Nothing to change: give Status or AnnounceUrl")
    if form.announce_url is not None:
        live.announce(form.announce_url, form.announce_method or "POST")
    if form.status is not None:
        live.end()
    return access.one(NAMES, _body(access, live))


def _live(access: Access, sid: str) -> LiveConference:
    """The account's live conference ``sid``. Raises ``NotFound``."""
    live = access.ports.conferences.get(ConferenceSid(sid))
    if live is None or live.facts.account_sid != access.account_sid:
        raise NotFound(access.path)
    return live


def _body(access: Access, live: LiveConference) -> Conference:
    """As the dialect of the request says it."""
    facts = live.facts
    path = f"/Accounts/{facts.account_sid}/Conferences/{facts.sid}"
    restcomm = access.rendering.dialect is Dialect.RESTCOMM
    return Conference(
        sid=facts.sid,
        account_sid=facts.account_sid,
        friendly_name=facts.name,
        status=_RESTCOMM_STATUS[facts.status] if restcomm else facts.status.value,
        api_version=facts.api_version,
        date_created=facts.created_at,
        date_updated=facts.updated_at,
        reason_conference_ended=facts.reason_ended,
        call_sid_ending_conference=facts.ended_by,
        uri=path,
        subresource_uris={"participants": f"{path}/Participants"},
    )
