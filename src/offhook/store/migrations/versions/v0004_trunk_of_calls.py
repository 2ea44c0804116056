"""Which trunk carried a call; how long a gateway may take to say what becomes of one, and when one that takes none is tried again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("calls", sa.Column("trunk_sid", sa.Text(), nullable=True))
    op.add_column("trunks", sa.Column("progress_timeout", sa.Double(), nullable=False, server_default="12"))
    op.add_column("trunks", sa.Column("retry_interval", sa.Double(), nullable=False, server_default="30"))
