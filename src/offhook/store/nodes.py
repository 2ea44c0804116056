"""Nodes: when each server process was last seen alive, so that the end of what a crash cut off is known."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.base import Moment, Short, Table
from offhook.store.session import Connection, Session
from offhook.store.upsert import upsert


class NodeRow(Table, kw_only=True):
    """One server process, by the name that is written on its calls."""

    __tablename__ = "nodes"

    name: Mapped[Short] = mapped_column(primary_key=True)
    alive_at: Mapped[datetime] = mapped_column(Moment())


async def beat(connection: Connection, name: str, at: datetime) -> None:
    """Note that the node was alive at this moment."""
    await upsert(connection, NodeRow, [{"name": name, "alive_at": at}], fixed=frozenset({"name"}))


async def last_beat(session: Session, name: str) -> datetime | None:
    """When the node was last alive; None when it never was."""
    row = await session.get(NodeRow, name)
    return None if row is None else row.alive_at
