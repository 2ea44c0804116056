"""Whose rows a query may see. Every query of tenants' data takes a scope; none takes a bare sid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from offhook.vocabulary.sids import AccountSid


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One account, with or without all accounts below it."""

    account_sid: AccountSid
    subaccounts: bool = False

    def covers(self, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        """The condition on ``column``, which holds account sids."""
        if not self.subaccounts:
            return column == self.account_sid
        from offhook.store.accounts import AccountRow  # noqa: PLC0415 accounts have scopes of their own

        tree = select(AccountRow.sid).where(AccountRow.sid == self.account_sid).cte("tree", recursive=True)
        tree = tree.union(select(AccountRow.sid).where(AccountRow.parent_account_sid == tree.c.sid))
        return column.in_(select(tree.c.sid))
