"""The version of the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api.auth import Authorized
from offhook.api.operations import Operation, operation
from offhook.api.wire.bodies import Link, Names

router = APIRouter()
NAMES: Final = Names(element="Version", many="Versions", key="versions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What answers here."""

    name: str
    version: str
    api_version: str
    uri: Link


@router.get(
    "/Accounts/{account_sid}/Version",
    **operation(Operation(name="fetch_version", summary="Fetch the server's version", names=NAMES, body=Version)),
)
async def fetch_version(access: Authorized) -> Response:
    """Name and version of the server, and the dialect in use."""
    return access.one(
        NAMES,
        Version(
            name="offhook",
            version=access.ports.version,
            api_version=access.rendering.dialect.value,
            uri=f"{access.base()}/Version",
        ),
    )
