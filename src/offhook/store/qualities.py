"""What calls saw of their lines, written at their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.base import Short, SidKey, Table
from offhook.store.session import Connection, Session
from offhook.store.upsert import insert_new


class QualityRow(Table, kw_only=True):
    """The line of one call; units as in ``media.events.Statistics``."""

    __tablename__ = "call_qualities"

    call_sid: Mapped[SidKey]
    date_created: Mapped[datetime]
    codec_sent: Mapped[Short | None] = mapped_column(default=None)
    codec_received: Mapped[Short | None] = mapped_column(default=None)
    packets_sent: Mapped[int] = mapped_column(default=0)
    packets_received: Mapped[int] = mapped_column(default=0)
    packets_lost: Mapped[int] = mapped_column(default=0)
    packets_late: Mapped[int] = mapped_column(default=0)
    packets_duplicate: Mapped[int] = mapped_column(default=0)
    packets_refused: Mapped[int] = mapped_column(default=0)
    concealed: Mapped[int] = mapped_column(default=0)
    delay: Mapped[int] = mapped_column(default=0)
    jitter: Mapped[float] = mapped_column(default=0.0)
    round_trip: Mapped[float | None] = mapped_column(default=None)
    drift: Mapped[float | None] = mapped_column(default=None)
    far_lost: Mapped[int | None] = mapped_column(default=None)
    far_jitter: Mapped[float | None] = mapped_column(default=None)
    r_factor: Mapped[float | None] = mapped_column(default=None)
    mos: Mapped[float | None] = mapped_column(default=None)
    far_r_factor: Mapped[float | None] = mapped_column(default=None)
    far_mos: Mapped[float | None] = mapped_column(default=None)


async def get(session: Session, call_sid: str) -> QualityRow | None:
    """Of a call that the asker may see."""
    return await session.get(QualityRow, call_sid)


async def save(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, one for each call; one that is there stays."""
    await insert_new(connection, QualityRow, rows)


async def forget(session: Session, call_sid: str) -> None:
    """The call's record goes away, and this with it."""
    await session.execute(delete(QualityRow).where(QualityRow.call_sid == call_sid))
