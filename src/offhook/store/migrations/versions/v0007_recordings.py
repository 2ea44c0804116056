"""How recordings are written, what they weigh, who hears of them, and where they lie."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for column in (
        sa.Column("track", sa.Text(), nullable=False, server_default="inbound"),
        sa.Column("format", sa.Text(), nullable=False, server_default="wav"),
        sa.Column("place", sa.Text(), nullable=False, server_default="new"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("checksum", sa.Text(), nullable=True),
        sa.Column("status_callback", sa.Text(), nullable=True),
        sa.Column("status_callback_method", sa.Text(), nullable=False, server_default="POST"),
        sa.Column("status_callback_events", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("node", sa.Text(), nullable=False, server_default=sa.text("''")),
    ):
        op.add_column("recordings", column)
    op.create_index(op.f("ix_recordings_place"), "recordings", ["place", "sid"])
