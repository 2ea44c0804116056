"""The first tables: organizations, accounts, what they own, what calls leave behind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
JSON_TEXT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    _organizations()
    _accounts()
    _applications()
    _numbers()
    _clients()
    _calls()
    _recordings()
    _notifications()
    _deliveries()
    _nodes()


def _organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("domain_name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_organizations")),
        sa.UniqueConstraint("domain_name", name=op.f("uq_organizations_domain_name")),
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("organization_sid", sa.String(length=34), nullable=False),
        sa.Column("parent_account_sid", sa.String(length=34), nullable=True),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("email_address", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("auth_token", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["organization_sid"], ["organizations.sid"], name=op.f("fk_accounts_organization_sid")),
        sa.ForeignKeyConstraint(["parent_account_sid"], ["accounts.sid"], name=op.f("fk_accounts_parent_account_sid")),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_accounts")),
    )
    op.create_index("ix_accounts_email", "accounts", ["email_address"], unique=True)
    op.create_index("ix_accounts_parent", "accounts", ["parent_account_sid"], unique=False)


def _applications() -> None:
    op.create_table(
        "applications",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("voice_url", sa.Text(), nullable=True),
        sa.Column("voice_method", sa.Text(), nullable=False),
        sa.Column("voice_fallback_url", sa.Text(), nullable=True),
        sa.Column("voice_fallback_method", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("voice_caller_id_lookup", sa.Boolean(), nullable=False),
        sa.Column("status_callback", sa.Text(), nullable=True),
        sa.Column("status_callback_method", sa.Text(), nullable=False),
        sa.Column("sms_url", sa.Text(), nullable=True),
        sa.Column("sms_method", sa.Text(), nullable=False),
        sa.Column("sms_fallback_url", sa.Text(), nullable=True),
        sa.Column("sms_fallback_method", sa.Text(), nullable=False),
        sa.Column("sms_status_callback", sa.Text(), nullable=True),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"], name=op.f("fk_applications_account_sid")),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_applications")),
    )
    op.create_index("ix_applications_account", "applications", ["account_sid", "sid"], unique=False)


def _numbers() -> None:
    op.create_table(
        "numbers",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("organization_sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("phone_number", sa.Text(), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("pure_sip", sa.Boolean(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("voice_url", sa.Text(), nullable=True),
        sa.Column("voice_method", sa.Text(), nullable=False),
        sa.Column("voice_fallback_url", sa.Text(), nullable=True),
        sa.Column("voice_fallback_method", sa.Text(), nullable=False),
        sa.Column("voice_application_sid", sa.String(length=34), nullable=True),
        sa.Column("voice_caller_id_lookup", sa.Boolean(), nullable=False),
        sa.Column("status_callback", sa.Text(), nullable=True),
        sa.Column("status_callback_method", sa.Text(), nullable=False),
        sa.Column("sms_url", sa.Text(), nullable=True),
        sa.Column("sms_method", sa.Text(), nullable=False),
        sa.Column("sms_fallback_url", sa.Text(), nullable=True),
        sa.Column("sms_fallback_method", sa.Text(), nullable=False),
        sa.Column("sms_application_sid", sa.String(length=34), nullable=True),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"], name=op.f("fk_numbers_account_sid")),
        sa.ForeignKeyConstraint(["organization_sid"], ["organizations.sid"], name=op.f("fk_numbers_organization_sid")),
        sa.ForeignKeyConstraint(
            ["sms_application_sid"],
            ["applications.sid"],
            name=op.f("fk_numbers_sms_application_sid"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["voice_application_sid"],
            ["applications.sid"],
            name=op.f("fk_numbers_voice_application_sid"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_numbers")),
    )
    op.create_index("ix_numbers_account", "numbers", ["account_sid", "sid"], unique=False)
    op.create_index("ix_numbers_organization_number", "numbers", ["organization_sid", "phone_number"], unique=True)


def _clients() -> None:
    op.create_table(
        "clients",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("organization_sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("ha1_md5", sa.Text(), nullable=False),
        sa.Column("ha1_sha256", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("voice_url", sa.Text(), nullable=True),
        sa.Column("voice_method", sa.Text(), nullable=False),
        sa.Column("voice_fallback_url", sa.Text(), nullable=True),
        sa.Column("voice_fallback_method", sa.Text(), nullable=False),
        sa.Column("voice_application_sid", sa.String(length=34), nullable=True),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"], name=op.f("fk_clients_account_sid")),
        sa.ForeignKeyConstraint(["organization_sid"], ["organizations.sid"], name=op.f("fk_clients_organization_sid")),
        sa.ForeignKeyConstraint(
            ["voice_application_sid"],
            ["applications.sid"],
            name=op.f("fk_clients_voice_application_sid"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_clients")),
    )
    op.create_index("ix_clients_account", "clients", ["account_sid", "sid"], unique=False)
    op.create_index("ix_clients_organization_login", "clients", ["organization_sid", "login"], unique=True)


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("parent_call_sid", sa.String(length=34), nullable=True),
        sa.Column("number_sid", sa.String(length=34), nullable=True),
        sa.Column("application_sid", sa.String(length=34), nullable=True),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("from_", sa.Text(), nullable=False),
        sa.Column("to_", sa.Text(), nullable=False),
        sa.Column("caller_name", sa.Text(), nullable=True),
        sa.Column("forwarded_from", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.Column("start_time", MOMENT, nullable=True),
        sa.Column("end_time", MOMENT, nullable=True),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("ring_duration", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sip_code", sa.Integer(), nullable=True),
        sa.Column("sip_call_id", sa.Text(), nullable=True),
        sa.Column("sip_headers", JSON_TEXT, nullable=False),
        sa.Column("source_ip", sa.Text(), nullable=True),
        sa.Column("sip_domain", sa.Text(), nullable=True),
        sa.Column("status_callback", sa.Text(), nullable=True),
        sa.Column("status_callback_method", sa.Text(), nullable=False),
        sa.Column("status_callback_events", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_calls")),
    )
    op.create_index("ix_calls_account", "calls", ["account_sid", "sid"], unique=False)
    op.create_index("ix_calls_node_status", "calls", ["node", "status"], unique=False)
    op.create_index("ix_calls_parent", "calls", ["parent_call_sid"], unique=False)


def _recordings() -> None:
    op.create_table(
        "recordings",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("start_time", MOMENT, nullable=False),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_recordings")),
    )
    op.create_index("ix_recordings_account", "recordings", ["account_sid", "sid"], unique=False)
    op.create_index("ix_recordings_call", "recordings", ["call_sid"], unique=False)
    op.create_index("ix_recordings_status", "recordings", ["status"], unique=False)


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=True),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Integer(), nullable=False),
        sa.Column("message_text", sa.Text(), nullable=False),
        sa.Column("message_date", MOMENT, nullable=False),
        sa.Column("request_url", sa.Text(), nullable=True),
        sa.Column("request_method", sa.Text(), nullable=True),
        sa.Column("request_variables", sa.Text(), nullable=True),
        sa.Column("response_headers", sa.Text(), nullable=True),
        sa.Column("response_body", sa.Text(), nullable=True),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_notifications")),
    )
    op.create_index("ix_notifications_account", "notifications", ["account_sid", "sid"], unique=False)
    op.create_index("ix_notifications_call", "notifications", ["call_sid"], unique=False)


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("parameters", JSON_TEXT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", JSON_TEXT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("date_created", MOMENT, nullable=False),
        sa.Column("date_updated", MOMENT, nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_account", "deliveries", ["account_sid", "sid"], unique=False)
    op.create_index("ix_deliveries_call", "deliveries", ["call_sid"], unique=False)
    op.create_index("ix_deliveries_node_state", "deliveries", ["node", "state"], unique=False)


def _nodes() -> None:
    op.create_table(
        "nodes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alive_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_nodes")),
    )
