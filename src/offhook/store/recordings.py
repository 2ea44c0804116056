"""Recordings: what was recorded, of which call, how long. The audio lies in ``blobs``, found by the sid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Index, bindparam, delete, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.base import Long, Short, Sid, SidKey, Table
from offhook.store.calls import CallRow
from offhook.store.filters import Span
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.scope import Scope
from offhook.store.session import Connection, Session
from offhook.store.upsert import upsert

NEW: Final = "new"
DISK: Final = "disk"
STORE: Final = "store"


class RecordingRow(Table, kw_only=True):
    """One recording."""

    __tablename__ = "recordings"
    __table_args__ = (
        Index("ix_recordings_account", "account_sid", "sid"),
        Index("ix_recordings_call", "call_sid"),
        Index("ix_recordings_status", "status"),
        Index("ix_recordings_place", "place", "sid"),
    )

    sid: Mapped[SidKey]
    account_sid: Mapped[Sid]
    call_sid: Mapped[Sid]
    status: Mapped[Short]
    """``in-progress``, ``paused`` or ``completed``."""
    channels: Mapped[int]
    source: Mapped[Short]
    """``RecordVerb``, ``DialVerb``, ``OutboundAPI`` or ``StartCallRecordingAPI``."""
    duration: Mapped[int | None] = mapped_column(default=None)
    """Milliseconds."""
    start_time: Mapped[datetime]
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]
    api_version: Mapped[Short] = mapped_column(default="2012-04-24")
    track: Mapped[Short] = mapped_column(default="inbound", server_default="inbound")
    """``inbound``, ``outbound`` or ``both``."""
    format: Mapped[Short] = mapped_column(default="wav", server_default="wav")
    """Extension of the file: ``wav``, ``ogg`` or ``mp3``."""
    place: Mapped[Short] = mapped_column(default=NEW, server_default=NEW)
    """Where the file lies: ``new`` as the engine wrote it, then ``disk`` or ``store``."""
    reason: Mapped[Long | None] = mapped_column(default=None)
    """Why it ended before it should have."""
    size: Mapped[int | None] = mapped_column(BigInteger, default=None)
    """Bytes; known once it is no longer ``new``."""
    checksum: Mapped[Short | None] = mapped_column(default=None)
    """SHA-256 in hexadecimal digits; known once it is no longer ``new``."""
    status_callback: Mapped[Long | None] = mapped_column(default=None)
    status_callback_method: Mapped[Short] = mapped_column(default="POST", server_default="POST")
    status_callback_events: Mapped[Short] = mapped_column(default="", server_default=text("''"))
    node: Mapped[Short] = mapped_column(default="", server_default=text("''"))
    """Which one has or had the file on its disk."""


WHOLE_CALL: Final = "OutboundAPI"
"""Source of a recording from the answer to the end of a call, as ``Record=true`` asks for it."""
_FIXED: Final = frozenset({"sid", "account_sid", "call_sid", "date_created"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFilters:
    """What a list of recordings may be asked for."""

    call_sid: str | None = None
    created: Span = field(default_factory=Span)


async def get(session: Session, scope: Scope, sid: str) -> RecordingRow | None:
    """The recording ``sid`` when it lies within ``scope``."""
    query = select(RecordingRow).where(RecordingRow.sid == sid, scope.covers(RecordingRow.account_sid))
    return await session.scalar(query)


async def page(session: Session, scope: Scope, filters: RecordingFilters, request: PageRequest) -> Page[RecordingRow]:
    """Recordings within ``scope``."""
    query = select(RecordingRow).where(scope.covers(RecordingRow.account_sid))
    if filters.call_sid is not None:
        query = query.where(RecordingRow.call_sid == filters.call_sid)
    query = query.where(*filters.created.conditions(RecordingRow.date_created))
    sortable = {
        "date_created": RecordingRow.date_created,
        "duration": RecordingRow.duration,
        "call_sid": RecordingRow.call_sid,
    }
    return await fetch(session, query, request, RecordingRow.sid, sortable)


async def start(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert recordings in progress; keys are column names. To repeat it is harmless."""
    await upsert(connection, RecordingRow, rows, fixed=_FIXED)


async def finish(connection: Connection, ends: Sequence[Mapping[str, Any]]) -> None:
    """Complete recordings: ``key`` (the sid), ``status``, ``duration`` (ms), ``reason`` and ``date_updated`` of each."""
    await _change(connection, ends, ("status", "duration", "reason", "date_updated"))


async def pause(connection: Connection, pauses: Sequence[Mapping[str, Any]]) -> None:
    """Pause recordings, or let them go on: ``key`` (the sid), ``status`` and ``date_updated`` of each."""
    await _change(connection, pauses, ("status", "date_updated"))


async def move(connection: Connection, moves: Sequence[Mapping[str, Any]]) -> None:
    """Say where files lie: ``key`` (the sid), ``place``, ``format``, ``size``, ``checksum`` and ``date_updated`` of each."""
    await _change(connection, moves, ("place", "format", "size", "checksum", "date_updated"))


async def _change(connection: Connection, changes: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    if changes:
        statement = update(RecordingRow.__table__).where(RecordingRow.sid == bindparam("key"))  # type: ignore[arg-type]
        values: dict[str, Any] = {name: bindparam(name) for name in names}
        await connection.execute(statement.values(values), list(changes))


async def discard(connection: Connection, sids: Sequence[str]) -> None:
    """Delete recordings of which nothing was heard."""
    if sids:
        await connection.execute(delete(RecordingRow).where(RecordingRow.sid.in_(sids)))


async def of_whole_calls(connection: Connection, call_sids: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Sid and milliseconds of the finished recordings that the API asked for with the call, by the call's sid."""
    if not call_sids:
        return {}
    query = select(RecordingRow.call_sid, RecordingRow.sid, RecordingRow.duration).where(
        RecordingRow.call_sid.in_(call_sids),
        RecordingRow.source == WHOLE_CALL,
        RecordingRow.status == "completed",
    )
    return {call: (sid, duration or 0) for call, sid, duration in (await connection.execute(query)).all()}


async def unfinished(session: Session, node: str, limit: int, after: str = "") -> Sequence[RecordingRow]:
    """Recordings of a node's calls that were in progress when it stopped, by sid, beyond ``after``."""
    query = (
        select(RecordingRow)
        .join(CallRow, CallRow.sid == RecordingRow.call_sid)
        .where(RecordingRow.status.in_(["in-progress", "paused"]), CallRow.node == node, RecordingRow.sid > after)
    )
    return (await session.scalars(query.order_by(RecordingRow.sid).limit(limit))).all()


async def unkept(
    session: Session, node: str, places: Sequence[str], limit: int, after: str = ""
) -> Sequence[RecordingRow]:
    """Complete recordings whose files are at one of ``places`` of a node, the oldest first, beyond ``after``."""
    query = select(RecordingRow).where(
        RecordingRow.place.in_(places),
        RecordingRow.status == "completed",
        RecordingRow.node == node,
        RecordingRow.sid > after,
    )
    return (await session.scalars(query.order_by(RecordingRow.sid).limit(limit))).all()
