"""All tables, imported once, for migrations and for tests that compare them with the migrations."""

from __future__ import annotations

from offhook.store import (
    accounts,
    applications,
    calls,
    clients,
    deliveries,
    keys,
    limits,
    nodes,
    notifications,
    numbers,
    organizations,
    qualities,
    recordings,
    trunks,
)
from offhook.store.base import Table

AGGREGATES = (
    organizations,
    qualities,
    accounts,
    applications,
    numbers,
    clients,
    calls,
    recordings,
    notifications,
    deliveries,
    nodes,
    trunks,
    limits,
    keys,
)
METADATA = Table.metadata
