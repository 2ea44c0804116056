"""Trunks, their gateways and their routes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)
JSON_TEXT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    _trunks()
    _gateways()
    _routes()


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _trunks() -> None:
    op.create_table(
        "trunks",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        *_texts("username", "password"),
        sa.Column("register", sa.Boolean(), nullable=False),
        sa.Column("register_expires", sa.Integer(), nullable=False),
        *_texts("from_user", "from_domain", "caller_header", "contact_user"),
        *_texts("outbound_called", "outbound_caller", "inbound_called", "inbound_caller", "codecs", "srtp"),
        sa.Column("max_calls", sa.Integer(), nullable=False),
        sa.Column("calls_per_second", sa.Double(), nullable=False),
        sa.Column("response_timeout", sa.Double(), nullable=False),
        sa.Column("options_interval", sa.Double(), nullable=False),
        sa.Column("options_timeout", sa.Double(), nullable=False),
        sa.Column("down_after", sa.Integer(), nullable=False),
        sa.Column("up_after", sa.Integer(), nullable=False),
        *_texts("networks", "certificates"),
        sa.Column("inbound_username", sa.Text(), nullable=True),
        *_texts("inbound_ha1_md5", "inbound_ha1_sha256"),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"], name=op.f("fk_trunks_account_sid")),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_trunks")),
    )
    op.create_index("ix_trunks_account", "trunks", ["account_sid", "sid"], unique=False)
    op.create_index("ix_trunks_account_name", "trunks", ["account_sid", "friendly_name"], unique=True)
    op.create_index("ix_trunks_inbound_username", "trunks", ["inbound_username"], unique=True)


def _gateways() -> None:
    op.create_table(
        "trunk_gateways",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("trunk_sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("sip_url", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["trunk_sid"], ["trunks.sid"], name=op.f("fk_trunk_gateways_trunk_sid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"], name=op.f("fk_trunk_gateways_account_sid")),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_trunk_gateways")),
    )
    op.create_index("ix_trunk_gateways_trunk", "trunk_gateways", ["trunk_sid", "sid"], unique=False)
    op.create_index("ix_trunk_gateways_trunk_url", "trunk_gateways", ["trunk_sid", "sip_url"], unique=True)


def _routes() -> None:
    op.create_table(
        "trunk_routes",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("trunks", JSON_TEXT, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"], name=op.f("fk_trunk_routes_account_sid")),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_trunk_routes")),
    )
    op.create_index("ix_trunk_routes_account", "trunk_routes", ["account_sid", "sid"], unique=False)
