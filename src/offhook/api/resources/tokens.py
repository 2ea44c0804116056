"""Tokens: which STUN and TURN servers a browser may use, and with which credentials for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api.auth import Authorized
from offhook.api.errors import BadParameter, Code
from offhook.api.operations import Operation, body, operation
from offhook.api.wire.bodies import Names
from offhook.api.wire.forms import parameter
from offhook.security.turn import TurnCredentials

router = APIRouter()
NAMES: Final = Names(element="Token", many="Tokens", key="tokens")
_LIST: Final = "/Accounts/{account_sid}/Tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class IceServer:
    """One entry of a browser's ``iceServers``."""

    url: str
    urls: str
    """The same; browsers read this one, older clients the other."""
    username: str | None
    credential: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a browser is given."""

    account_sid: str
    username: str
    password: str
    ttl: str
    """Seconds for which the credentials are good."""
    ice_servers: tuple[IceServer, ...]
    """For ``new RTCPeerConnection({iceServers})``; empty where no server is configured (``api.turn_urls``)."""
    date_created: datetime
    date_updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateToken:
    """For how long."""

    ttl: int | None = parameter(
        "Seconds for which the credentials are good; at most the setting api.turn_ttl.", default=None
    )


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_token",
            summary="Lend credentials for STUN and TURN servers",
            names=NAMES,
            body=Token,
            created=True,
            takes=CreateToken,
        )
    ),
)
async def create_token(access: Authorized, form: Annotated[CreateToken, body(CreateToken)]) -> Response:
    """Good until they expire; they cannot be taken back."""
    settings, now = access.ports.settings, access.ports.clock.utc()
    ttl = settings.turn_ttl if form.ttl is None else form.ttl
    if not 1 <= ttl <= settings.turn_ttl:
        raise BadParameter(Code.INVALID_PARAMETER, f"Parameter Ttl {ttl} is not in 1..{settings.turn_ttl}")
    lent = TurnCredentials.lent(settings.turn_secret, access.account.sid, int(now.timestamp()) + ttl)
    servers = tuple(
        IceServer(url=server.url, urls=server.url, username=server.username, credential=server.credential)
        for server in lent.servers(settings.turn_urls)
    )
    token = Token(
        account_sid=access.account.sid,
        username=lent.username,
        password=lent.password,
        ttl=str(ttl),
        ice_servers=servers,
        date_created=now,
        date_updated=now,
    )
    return access.one(NAMES, token, created=True)
