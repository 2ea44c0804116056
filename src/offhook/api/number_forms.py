"""How a hosted number may be written: a telephone number, a name, a pattern, a SIP URI of the account's own domain."""

from __future__ import annotations

from typing import Final

from offhook.api import checks
from offhook.api.auth import Access
from offhook.api.errors import BadParameter, Code
from offhook.calls.numbers import patterns
from offhook.store import organizations
from offhook.store.session import Session

_SIP: Final = "sip:"


def number_of(text: str, *, is_sip: bool, area_code: str | None = None) -> tuple[str, str]:
    """The number to store, and the domain that was written behind it. Raises ``BadParameter``."""
    text = text.strip()
    if not text and area_code:
        raise BadParameter(Code.NUMBER_TAKEN, "Parameter AreaCode: no carrier is configured, so give PhoneNumber")
    uri = text[: len(_SIP)].lower() == _SIP
    try:
        if is_sip or uri:
            name, _, domain = text[len(_SIP) if uri else 0 :].partition("@")
            return (patterns.check(name) if patterns.is_pattern(name) else checks.login(name)), domain
        number = checks.address(text)
    except ValueError as error:
        raise BadParameter(Code.INVALID_NUMBER, f"Parameter PhoneNumber {text[:80]!r} {error}") from error
    if ":" in number or "?" in number:
        raise BadParameter(Code.INVALID_NUMBER, f"Parameter PhoneNumber {text[:80]!r} is not a number")
    return number, ""


async def check_domain(access: Access, session: Session, number: str, domain: str) -> None:
    """A SIP URI is a number of the account's own organization, or none that could be reached here. Raises ``BadParameter``."""
    if not domain:
        return
    organization = await organizations.get(session, access.account.organization_sid)
    own = "" if organization is None else organization.domain_name
    if domain.lower() != own:
        raise BadParameter(
            Code.INVALID_NUMBER, f"Parameter PhoneNumber: {number}@{domain} is not in the account's domain, {own}"
        )
