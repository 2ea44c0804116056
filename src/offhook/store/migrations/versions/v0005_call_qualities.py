"""What calls saw of their lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    counts = ("packets_sent", "packets_received", "packets_lost", "packets_late", "packets_duplicate")
    ratings = ("far_jitter", "r_factor", "mos", "far_r_factor", "far_mos")
    op.create_table(
        "call_qualities",
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("codec_sent", sa.Text(), nullable=True),
        sa.Column("codec_received", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in (*counts, "packets_refused", "concealed", "delay")),
        sa.Column("jitter", sa.Double(), nullable=False),
        sa.Column("round_trip", sa.Double(), nullable=True),
        sa.Column("drift", sa.Double(), nullable=True),
        sa.Column("far_lost", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Double(), nullable=True) for name in ratings),
        sa.PrimaryKeyConstraint("call_sid", name=op.f("pk_call_qualities")),
    )
