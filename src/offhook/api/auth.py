"""Who asks, and whose resources they may touch. Every endpoint has ``Authorized`` in its signature.

HTTP Basic (RFC 7617): account sid or e-mail address with the account's auth token or password, or an API key with its secret. An
account acts for itself and for all accounts below it, never for one above or beside it.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import structlog
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from offhook.api import paging
from offhook.api.dialect import Rendering, rendering
from offhook.api.errors import ApiError, Code, NotFound
from offhook.api.ports import Ports
from offhook.api.wire import responses
from offhook.api.wire.bodies import Names
from offhook.security.secrets import SecretsError
from offhook.store import accounts, keys
from offhook.store.accounts import AccountRow
from offhook.store.paging import Page, PageRequest
from offhook.store.scope import Scope
from offhook.store.session import Session
from offhook.vocabulary.sids import AccountSid, is_sid

log = structlog.get_logger(__name__)

_CHALLENGE: Final = {"www-authenticate": 'Basic realm="offhook", charset="UTF-8"'}
_READS: Final = frozenset({"GET", "HEAD"})
_NO_SIDS: Final = frozenset({"account_sid", "domain_name"})
"""Parameters of paths that hold something else, or may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A request that was let in."""

    ports: Ports
    caller: AccountRow
    """Whose credentials these are."""
    limited: bool
    """Logged in with a key that may not touch accounts and keys."""
    account: AccountRow
    """The account in the path, which is the caller or lies below it; the caller itself where the path names none."""
    rendering: Rendering
    reads: bool
    """The request changes nothing."""
    path: str
    """Below the base, without ``.json``."""
    query: tuple[tuple[str, str], ...]

    @property
    def scope(self) -> Scope:
        """Whose rows are meant: the account's; for reading those below it too where the client asks (``SubAccounts=true``)."""
        below = self.reads and any(name == "SubAccounts" and value.lower() == "true" for name, value in self.query)
        return Scope(account_sid=self.account_sid, subaccounts=below)

    @property
    def operates(self) -> bool:
        """Whether the caller stands above everybody else: the administrator of the whole server."""
        return self.caller.parent_account_sid is None

    def require_unlimited(self, refusal: str) -> None:
        """Raise ``ApiError`` with ``refusal`` where the credentials are a key that may not touch accounts and keys."""
        if self.limited:
            raise ApiError(403, Code.ACCESS_DENIED, f"A standard API key {refusal}; use the auth token.")

    @property
    def account_sid(self) -> AccountSid:
        """Sid of the account in the path."""
        return AccountSid(self.account.sid)

    def base(self) -> str:
        """Path of the account's resources, below the base of the dialect."""
        return f"/Accounts/{self.account.sid}"

    def wanted_page(self) -> PageRequest:
        """The page of a list that the query asks for. Raises ``BadParameter``."""
        settings = self.ports.settings
        return paging.wanted(self.query, size=settings.page_size, limit=settings.page_limit)

    def one(self, names: Names, body: Any, *, created: bool = False) -> Response:
        """Answer with one resource."""
        return responses.one(names, body, self.rendering, created=created)

    def many(self, names: Names, page: Page[Any], bodies: Sequence[Any]) -> Response:
        """Answer with a page of resources."""
        fields = paging.fields(page, self.path, self.query, self.rendering)
        return responses.many(names, bodies, fields, self.rendering)


async def authorize(request: Request) -> Access:
    """Let a request in, or raise ``ApiError`` with 401, 403, 404 or 429."""
    ports: Ports = request.app.state.ports
    strange = [value for name, value in request.path_params.items() if name not in _NO_SIDS and not is_sid(value)]
    if strange:
        raise NotFound(f"{strange[0][:40]!r} is no sid")
    source = request.client.host if request.client else "unknown"
    async with ports.database.reading() as session:
        caller, limited = await _authenticated(ports, session, request.headers.get("authorization", ""), source)
        account = await _addressed(session, caller, request.path_params.get("account_sid"))
    # The account itself can be changed in every status but by its own hands: only that way is it active again. One that was
    # made without a password is active when it has given itself one.
    itself = request.scope["path"].count("/") == 2 and "account_sid" in request.path_params
    if caller.status != "active" and not (itself and caller.status == "uninitialized"):
        raise ApiError(403, Code.ACCOUNT_SUSPENDED, f"Account {caller.sid} is {caller.status}.")
    if account.status != "active" and request.method not in _READS and not itself:
        raise ApiError(403, Code.ACCOUNT_SUSPENDED, f"Account {account.sid} is {account.status}: it can only be read.")
    return Access(
        ports=ports,
        caller=caller,
        limited=limited,
        account=account,
        rendering=rendering(request.scope),
        reads=request.method in _READS,
        path=request.scope["path"],
        query=tuple(request.query_params.multi_items()),
    )


Authorized = Annotated[Access, Depends(authorize)]


async def _addressed(session: Session, caller: AccountRow, named: str | None) -> AccountRow:
    """The account that the path names, when the caller may act for it."""
    if named is None or named in (caller.sid, caller.email_address):
        return caller
    if "@" in named:
        found = await accounts.credentials(session, named)
        named = found.sid if found is not None else ""
    elif not is_sid(named, "account"):
        raise NotFound(f"{named} is no account sid")
    account = await accounts.get(session, Scope(account_sid=AccountSid(caller.sid), subaccounts=True), named)
    if account is None:
        # The same for a foreign account and for none, so that nobody learns which accounts exist.
        raise ApiError(403, Code.ACCESS_DENIED, f"Account {caller.sid} may not act for the account in the path.")
    return account


async def _authenticated(ports: Ports, session: Session, header: str, source: str) -> tuple[AccountRow, bool]:
    """The account, and whether its key is one for most things only."""
    user, password = _credentials(header)
    # A right token passes even while its source is locked out: it cannot be guessed, and a neighbour's mistakes behind the
    # same address must not stop a working application. Passwords can be guessed, so they wait.
    row: AccountRow | None = None
    if is_sid(user, "key"):
        found = await keys.credentials(session, user)
        if found is not None and _token_matches(ports, found[0].secret, found[0].sid, password):
            return found[1], found[0].kind != "main"
    else:
        row = await accounts.credentials(session, user)
        if row is not None and _token_matches(ports, row.auth_token, row.sid, password):
            return row, False
    wait = ports.lockout.wait(source)
    if wait > 0:
        raise ApiError(
            429,
            Code.TOO_MANY_REQUESTS,
            "Too many failed logins from this address. Wait, then check the credentials.",
            headers={"retry-after": str(math.ceil(wait))},
        )
    if row is not None and row.password_hash is not None and await ports.passwords.verify(row.password_hash, password):
        return row, False
    ports.lockout.failed(source)
    log.debug("api_login_failed", source=source)
    raise _unauthorized(
        "These credentials are not valid: give the account sid or e-mail and its auth token or password."
    )


def _token_matches(ports: Ports, sealed: str, sid: str, password: str) -> bool:
    try:
        return ports.keyring.open(sealed, sid).matches(password)
    except SecretsError as error:
        log.error("auth_token_unreadable", sid=sid, reason=str(error))  # noqa: TRY400 the message says it all
        return False


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise _unauthorized("Log in with HTTP Basic: the account sid or e-mail and its auth token or password.")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _unauthorized("The Authorization field is not Base64 of user:password in UTF-8.") from None
    user, colon, password = text.partition(":")
    if not (user and colon and password) or "\x00" in text:
        raise _unauthorized("The Authorization field lacks the user or the password.")
    return user, password


def _unauthorized(message: str) -> ApiError:
    return ApiError(401, Code.BAD_CREDENTIALS, message, headers=_CHALLENGE)
