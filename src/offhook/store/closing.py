"""What goes when an account is closed for good: everything but the account itself and the records of its calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, select

from offhook.store.accounts import AccountRow
from offhook.store.applications import ApplicationRow
from offhook.store.clients import ClientRow
from offhook.store.keys import KeyRow
from offhook.store.limits import LimitsRow
from offhook.store.notifications import NotificationRow
from offhook.store.numbers import NumberRow
from offhook.store.recordings import RecordingRow
from offhook.store.session import Session
from offhook.store.trunks import GatewayRow, RouteRow, TrunkRow

_OWNED: Final = (
    NotificationRow,
    RecordingRow,
    NumberRow,
    ClientRow,
    ApplicationRow,
    RouteRow,
    GatewayRow,
    TrunkRow,
    LimitsRow,
    KeyRow,
)
"""In an order in which nothing refers to what has gone."""


async def empty(session: Session, rows: Sequence[AccountRow]) -> list[str]:
    """Delete what the accounts own; the sids of their recordings, whose files are to go too."""
    sids = [row.sid for row in rows]
    recordings = (await session.scalars(select(RecordingRow.sid).where(RecordingRow.account_sid.in_(sids)))).all()
    for table in _OWNED:
        await session.execute(delete(table).where(table.account_sid.in_(sids)))
    return list(recordings)
