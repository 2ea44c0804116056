"""The first start: an organization for the SIP domain, and the administrator's account with its random token."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from offhook.security.masked import Secret
from offhook.security.secrets import Keyring
from offhook.security.tokens import new_auth_token
from offhook.store import accounts, organizations
from offhook.store.accounts import AccountRow
from offhook.store.engine import StoreError
from offhook.store.organizations import OrganizationRow
from offhook.store.session import Database
from offhook.vocabulary.sids import AccountSid


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """Who may do everything."""

    sid: AccountSid
    auth_token: Secret
    first_start: bool
    """Whether this start made the account."""
    domain: str
    """SIP domain of the account's organization."""


async def administrator(
    database: Database, keyring: Keyring, *, domain: str, now: datetime, new_sid: Callable[[str], str]
) -> Administrator:
    """The administrator, made together with the first organization when there is none."""
    async with database.writing() as session:
        known = await accounts.administrator(session)
        if known is not None:
            organization = await organizations.get(session, known.organization_sid)
            return Administrator(
                sid=AccountSid(known.sid),
                auth_token=keyring.open(known.auth_token, known.sid),
                first_start=False,
                domain=organization.domain_name if organization is not None else domain,
            )
        organization = OrganizationRow(
            sid=new_sid("organization"), domain_name=domain.lower(), date_created=now, date_updated=now
        )
        session.add(organization)
        await session.flush()
        sid, token = AccountSid(new_sid("account")), new_auth_token()
        session.add(
            AccountRow(
                sid=sid,
                organization_sid=organization.sid,
                friendly_name="Administrator",
                auth_token=keyring.seal(token, sid),
                date_created=now,
                date_updated=now,
            )
        )
        return Administrator(sid=sid, auth_token=token, first_start=True, domain=organization.domain_name)


def node_name(file: Path) -> str:
    """The name under which this data directory's calls stand in the database: 16 hexadecimal digits, made once.

    Raises ``StoreError`` when the file holds something else.
    """
    if not file.exists():
        draft = file.with_name(f"{file.name}.new")
        draft.write_text(secrets.token_hex(8))
        draft.replace(file)
    name = file.read_text(errors="replace").strip()
    if re.fullmatch(r"[0-9a-f]{16}", name) is None:
        raise StoreError(
            f"The file {file} is damaged; restore it from a backup. Without it remove it: what this server had not ended "
            "when it stopped then stays unended."
        )
    return name
