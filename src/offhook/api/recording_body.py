"""A recording as the API shows it, what lists of recordings can be asked for, and how one is found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Final

from starlette.responses import Response

from offhook.api.auth import Access
from offhook.api.dialect import Dialect
from offhook.api.errors import ApiError, Code, NotFound
from offhook.api.filters import span
from offhook.api.wire.bodies import Link, Links, Mark, MediaLink, Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.store import recordings
from offhook.store.recordings import RecordingFilters, RecordingRow
from offhook.store.session import Session

NAMES: Final = Names(element="Recording", many="Recordings", key="recordings")
OF_CALL: Final = Names(element="Recording", many="Recordings", key="recordings", bare=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording."""

    sid: str
    account_sid: str
    call_sid: str
    conference_sid: Annotated[str | None, Mark.ONLY_TWILIO] = None
    api_version: str
    status: str
    channels: int
    source: str
    duration: Annotated[float | None, Mark.TEXT_IN_TWILIO]
    start_time: datetime
    date_created: datetime
    date_updated: datetime
    price: Annotated[str | None, Mark.ONLY_TWILIO] = None
    price_unit: Annotated[str | None, Mark.ONLY_TWILIO] = None
    error_code: Annotated[int | None, Mark.ONLY_TWILIO] = None
    encryption_details: Annotated[str | None, Mark.ONLY_TWILIO] = None
    track: Annotated[str, Mark.ONLY_TWILIO]
    format: str
    """``wav``, ``ogg`` or ``mp3``: how it is stored."""
    size: int | None
    """Bytes of the stored file; null until it is complete and was looked after."""
    sha256: str | None
    """Checksum of the stored file; null until it is complete and was looked after."""
    reason: str | None
    """Why it ended before it should have, in plain words."""
    media_url: Annotated[MediaLink, Mark.ONLY_TWILIO]
    file_uri: Annotated[MediaLink, Mark.ONLY_RESTCOMM]
    uri: Link
    subresource_uris: Annotated[Links, Mark.ONLY_TWILIO] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCallRecordings:
    """Filters of the list of one call."""

    on: date | None = parameter("Made on this day (UTC).", name="DateCreated", default=None)
    until: date | None = parameter("Made until this day or moment.", name="DateCreated<", default=None)
    since: date | None = parameter("Made from this day or moment on.", name="DateCreated>", default=None)
    start_time: date | None = parameter("Made from this day or moment on.", default=None)
    end_time: date | None = parameter("Made until this day or moment.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRecordings(ListCallRecordings):
    """Filters of the list of an account."""

    call_sid: str | None = parameter("Of this call.", default=None)


def of_row(access: Access, row: RecordingRow) -> Recording:
    """A recording as it was written down."""
    path = f"/Accounts/{row.account_sid}/Recordings/{row.sid}"
    seconds = None if row.duration is None else row.duration / 1000
    if seconds is not None and access.rendering.dialect is Dialect.TWILIO:
        seconds = round(seconds)
    return Recording(
        sid=row.sid,
        account_sid=row.account_sid,
        call_sid=row.call_sid,
        api_version=row.api_version,
        status=row.status,
        channels=row.channels,
        track=row.track,
        format=row.format,
        size=row.size,
        sha256=row.checksum,
        reason=row.reason,
        source=row.source,
        duration=seconds,
        start_time=row.start_time,
        date_created=row.date_created,
        date_updated=row.date_updated,
        media_url=f"{path}.{row.format}",
        file_uri=f"{path}.{row.format}",
        uri=path,
    )


async def listed(access: Access, filters: ListCallRecordings, call_sid: str | None, names: Names) -> Response:
    """A page, the newest first."""
    created = span(on=filters.on, since=filters.since or filters.start_time, until=filters.until or filters.end_time)
    async with access.ports.database.reading() as session:
        wanted = RecordingFilters(call_sid=call_sid, created=created)
        page = await recordings.page(session, access.scope, wanted, access.wanted_page())
    return access.many(names, page, [of_row(access, row) for row in page.rows])


async def found(access: Access, session: Session, sid: str, call_sid: str | None = None) -> RecordingRow:
    """The recording, of that call if one is named. Raises ``NotFound``."""
    row = await recordings.get(session, access.scope, sid)
    if row is None or call_sid not in (None, row.call_sid):
        raise NotFound(access.path)
    return row


async def deleted(access: Access, sid: str, call_sid: str | None = None) -> Response:
    """Delete its row, then its file."""
    async with access.ports.database.writing() as session:
        row = await found(access, session, sid, call_sid)
        if row.status != "completed":
            raise ApiError(409, Code.CONFLICT, f"Recording {sid} is {row.status}; delete it when it is complete")
        await session.delete(row)
    # The row goes first: after a crash in between a file without a row harms nobody, a row without its file would.
    await access.ports.recordings.delete(sid)
    return gone()
