"""Limits of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "account_limits",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("max_calls", sa.Integer(), nullable=True),
        sa.Column("calls_per_second", sa.Double(), nullable=True),
        sa.Column("destinations", sa.Text(), nullable=True),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_sid"], ["accounts.sid"], name=op.f("fk_account_limits_account_sid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_sid", name=op.f("pk_account_limits")),
    )
