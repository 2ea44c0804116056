"""Parameters of trunks, and rows that they fill: what cannot be used is refused with a sentence before it is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from offhook.api import checks
from offhook.api.auth import Access
from offhook.api.errors import BadParameter, Code, NotFound
from offhook.api.wire.forms import parameter
from offhook.calls.trunks.patterns import NumberPattern
from offhook.calls.trunks.rewriting import rules_of
from offhook.calls.trunks.text import caller_header_of, srtp_of
from offhook.calls.trunks.trunk import Gateway, Trunk
from offhook.records.trunks import trunk_of
from offhook.security.digest import ha1_of_every_algorithm
from offhook.security.masked import Secret
from offhook.store import organizations, trunks
from offhook.store.session import Session
from offhook.store.trunks import GatewayRow, TrunkRow

_SECRET: Final = frozenset({"password", "inbound_username", "inbound_password"})


def _refused_as(check: Callable[[str], Any]) -> Callable[[str], str]:
    """A check that takes the text as it is when ``check`` does not complain."""

    def checked(text: str) -> str:
        try:
            check(text)
        except ValueError as error:
            raise ValueError(f"cannot be used: {error}") from None
        return text.strip()

    return checked


RULES: Final = _refused_as(lambda text: rules_of(text.splitlines()))
PATTERN: Final = _refused_as(NumberPattern.parse)
GATEWAY: Final = _refused_as(lambda text: Gateway(uri=text.strip()))
HEADER: Final = _refused_as(caller_header_of)
SRTP: Final = _refused_as(srtp_of)
_RULES_DOC: Final = "one rule a line, `PATTERN => REPLACEMENT`; the first that covers the number counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTrunk:
    """Parameters of a changed trunk; what is left out stays as it is."""

    friendly_name: str | None = parameter("A name; routes may name it.", default=None, check=checks.label)
    enabled: bool | None = parameter("Whether calls go by it.", default=None)
    priority: int | None = parameter("An account without routes uses its trunks in this order.", default=None)
    username: str | None = parameter(
        "Login for the digest challenges of the gateways.", default=None, check=checks.label
    )
    password: str | None = parameter("Password for it.", default=None, check=checks.label, secret=True)
    register: bool | None = parameter(
        "Whether we register at its gateways, as Username with Password, so that it finds us.", default=None
    )
    register_expires: int | None = parameter("Seconds for which we register, 60 to 86400.", default=None)
    from_user: str | None = parameter(
        "User part of From; empty: the caller's number.", default=None, check=checks.label
    )
    from_domain: str | None = parameter(
        "Host of From; empty: our own address; `gateway`: that of the gateway.", default=None, check=checks.label
    )
    caller_header: str | None = parameter(
        "Where the caller's number stands besides From: none, P-Asserted-Identity, P-Preferred-Identity, Remote-Party-ID.",
        default=None,
        check=HEADER,
    )
    contact_user: str | None = parameter("User part of Contact.", default=None, check=checks.label)
    outbound_called: str | None = parameter(
        f"Rewrites the number called of calls that go out: {_RULES_DOC}.", default=None, check=RULES
    )
    outbound_caller: str | None = parameter("Rewrites the caller's number alike.", default=None, check=RULES)
    inbound_called: str | None = parameter(
        "Rewrites the number called of calls that come in alike.", default=None, check=RULES
    )
    inbound_caller: str | None = parameter("Rewrites their caller's number alike.", default=None, check=RULES)
    codecs: str | None = parameter("Codecs to offer, the preferred one first: PCMU, PCMA.", default=None)
    srtp: str | None = parameter(
        "Whether media is enciphered: off, optional, required; empty: as the node does.", default=None, check=SRTP
    )
    max_calls: int | None = parameter("Calls at once, in both directions; 0: no limit.", default=None)
    calls_per_second: float | None = parameter(
        "Calls of ours begun in a second, on average; 0: no limit.", default=None
    )
    response_timeout: float | None = parameter(
        "Seconds for the first response of a gateway, at most 32; then the next one is tried.", default=None
    )
    progress_timeout: float | None = parameter(
        "Seconds from a 100 of a gateway to ringing or a final response, at most 180; then the next one is tried, where there "
        "is one.",
        default=None,
    )
    options_interval: float | None = parameter("Seconds between two OPTIONS; 0: none are sent.", default=None)
    options_timeout: float | None = parameter("Seconds after which an OPTIONS counts as unanswered.", default=None)
    down_after: int | None = parameter("Failures in a row after which a gateway is taken out.", default=None)
    up_after: int | None = parameter("Answers in a row after which it returns.", default=None)
    retry_interval: float | None = parameter(
        "Seconds until a gateway that is down is tried with a call, where OPTIONS do not show whether it takes calls again.",
        default=None,
    )
    networks: str | None = parameter("Source addresses (CIDR) from which its calls come.", default=None)
    certificates: str | None = parameter(
        "Names in the client certificate by which its calls are known over TLS.", default=None
    )
    inbound_username: str | None = parameter(
        "Login with which it proves its calls to us (digest).", default=None, check=checks.login
    )
    inbound_password: str | None = parameter(
        "Password for it, 8 to 128 characters.", default=None, check=checks.password, secret=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTrunk(UpdateTrunk):
    """Parameters of a new trunk."""

    friendly_name: str = parameter("A name; routes may name it.", check=checks.label)


async def fill(access: Access, session: Session, row: TrunkRow, form: UpdateTrunk) -> None:
    """Put what ``form`` says into ``row``."""
    for each in fields(form):
        value = getattr(form, each.name)
        if value is not None and each.name not in _SECRET:
            setattr(row, each.name, value)
    if form.password is not None:
        row.password = access.ports.keyring.seal(Secret(form.password), row.sid) if form.password else ""
    if form.inbound_username is not None and form.inbound_username != (row.inbound_username or ""):
        row.inbound_username = form.inbound_username or None
        row.inbound_ha1_md5 = row.inbound_ha1_sha256 = ""
    if form.inbound_password and row.inbound_username:
        organization = await organizations.get(session, access.account.organization_sid)
        assert organization is not None, "an account's organization exists"
        hashes = ha1_of_every_algorithm(row.inbound_username, organization.domain_name, form.inbound_password)
        row.inbound_ha1_md5, row.inbound_ha1_sha256 = hashes["MD5"], hashes["SHA-256"]
    if row.inbound_username and not row.inbound_ha1_md5:
        raise BadParameter(Code.INVALID_PARAMETER, "Parameter InboundPassword is required for a new InboundUsername")


async def found(access: Access, session: Session, sid: str) -> TrunkRow:
    """The trunk of the account. Raises ``NotFound``."""
    row = await trunks.get(session, access.scope, sid)
    if row is None:
        raise NotFound(f"{access.base()}/Trunks/{sid}")
    return row


def check(row: TrunkRow, gateways: Iterable[GatewayRow] = ()) -> None:
    """Whether the whole makes a trunk. Raises ``BadParameter``."""
    try:
        trunk_of(row, list(gateways), "")
    except ValueError as error:
        raise BadParameter(Code.INVALID_PARAMETER, f"The trunk cannot be used: {error}") from None


def trunk_names(text: str) -> list[str]:
    """Sids or names of trunks, one a line, or separated by commas where names hold none."""
    parts = text.splitlines() if "\n" in text else text.split(",")
    return [part.strip() for part in parts if part.strip()]


def trunks_of(access: Access) -> list[Trunk]:
    """The trunks that the account in the path may see at work: its own, and for an administrator those of the file."""
    owners = {access.account.sid} if access.account.parent_account_sid else {access.account.sid, None}
    return [trunk for trunk in access.ports.trunks.book.trunks.values() if trunk.account_sid in owners]
