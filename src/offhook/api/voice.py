"""What numbers, clients and applications have in common: where a call that reaches them finds its document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from offhook.api import checks
from offhook.api.auth import Access
from offhook.api.errors import BadParameter, Code
from offhook.api.wire.forms import parameter
from offhook.store import applications
from offhook.store.applications import ApplicationRow
from offhook.store.session import Session

_CLEARED: Final[Mapping[str, Any]] = {
    "voice_method": "POST",
    "voice_fallback_method": "POST",
    "status_callback_method": "POST",
    "sms_method": "POST",
    "sms_fallback_method": "POST",
    "kind": "voice",
}
"""What an empty value means for columns that cannot be empty; for all others it is null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceForm:
    """Parameters that say what runs on a call."""

    voice_url: str | None = parameter(
        "URL of the document that runs.", default=None, invalid=Code.INVALID_URL, check=checks.web_url
    )
    voice_method: str | None = parameter(
        "GET or POST.", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )
    voice_fallback_url: str | None = parameter(
        "URL that is asked when VoiceUrl fails.", default=None, invalid=Code.INVALID_URL, check=checks.web_url
    )
    voice_fallback_method: str | None = parameter(
        "GET or POST.", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )


def given(form: Any, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Column values that a form sets: what was left out is absent, what was given empty is cleared."""
    values = {each.name: getattr(form, each.name) for each in fields(form) if each.name not in without}
    return {name: _CLEARED.get(name) if value == "" else value for name, value in values.items() if value is not None}


async def application(access: Access, session: Session, sid: str | None) -> ApplicationRow | None:
    """The application that a parameter names; None for none. Raises ``BadParameter`` when the account has no such one."""
    if not sid:
        return None
    row = await applications.get(session, access.scope, sid)
    if row is None:
        raise BadParameter(Code.BAD_APPLICATION, f"Account {access.account.sid} has no application {sid}")
    return row
