"""The two dialects of the REST API: which base path was asked, and whether the answer is JSON or XML.

One set of routes serves both. This ASGI layer takes the base and any ``.json``/``.xml`` off the path before routing and
leaves a ``Rendering`` in the scope; it neither reads bodies nor renders.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send


class Dialect(StrEnum):
    """Whose envelopes, dates and names a response follows."""

    RESTCOMM = "2012-04-24"
    TWILIO = "2010-04-01"

    @property
    def base(self) -> str:
        """Path prefix of every resource."""
        return f"/restcomm/{self.value}" if self is Dialect.RESTCOMM else f"/{self.value}"

    @property
    def default_format(self) -> Format:
        """What a client gets that asked for nothing in particular."""
        return Format.XML if self is Dialect.RESTCOMM else Format.JSON


class Format(StrEnum):
    """Notation of a body."""

    JSON = "application/json"
    XML = "application/xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """How to answer one request."""

    dialect: Dialect
    format: Format
    explicit: bool = False
    """The format was named by the path or by ``Accept``, so metadata is wanted where media could be meant."""
    origin: str = ""
    """``https://host:port`` as the client wrote it, for links that must be absolute; empty when it wrote none."""


DEFAULT: Final = Rendering(dialect=Dialect.TWILIO, format=Format.JSON)
"""For paths outside both bases."""

_SUFFIX: Final = re.compile(r"\.(json|xml)(?=/|$)", re.IGNORECASE)
_HOST: Final = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?")
_KEY: Final = "offhook.rendering"


_RESOURCES: Final = ("/Accounts", "/Organizations")
"""What the paths of resources begin with, below the base of a dialect."""


def rendering(scope: Scope) -> Rendering:
    """What ``Dialects`` decided for this request."""
    found: Rendering = scope.get(_KEY, DEFAULT)
    return found


class Dialects:
    """ASGI layer in front of the router."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[_KEY] = replace(DEFAULT, origin=_origin(scope))
            for dialect in Dialect:
                if scope["path"].startswith(dialect.base) and scope["path"][len(dialect.base) :][:1] in {"/", ""}:
                    scope = {**scope, **_routed(scope, dialect)}
                    break
        await self._app(scope, receive, send)


def _routed(scope: Scope, dialect: Dialect) -> Scope:
    """The parts of the scope that change: the path as the routes know it, and how to render."""
    path: str = scope["path"][len(dialect.base) :] or "/"
    suffixes = _SUFFIX.findall(path)
    # A base hides no route of its own: /2010-04-01/docs is nothing, because resources live under a few names only.
    routed = _SUFFIX.sub("", path).rstrip("/") or "/"
    if not routed.startswith(_RESOURCES):
        routed = f"/-{routed}"
    if suffixes:
        chosen: Format | None = Format[suffixes[-1].upper()]
    else:
        chosen = preferred(_accept(scope))
    return {
        "path": routed,
        "raw_path": routed.encode(),
        "offhook.path": path,
        _KEY: Rendering(
            dialect=dialect,
            format=chosen or dialect.default_format,
            explicit=chosen is not None,
            origin=_origin(scope),
        ),
    }


def _origin(scope: Scope) -> str:
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    return f"https://{host}" if _HOST.fullmatch(host) else ""


def _accept(scope: Scope) -> str:
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")


def preferred(accept: str) -> Format | None:
    """The format that an ``Accept`` field names with the highest weight; None when it names neither (RFC 9110 §12.5.1)."""
    best: tuple[float, Format] | None = None
    for item in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in item.split(";"))
        match media_type:
            case "application/json":
                named = Format.JSON
            case "application/xml" | "text/xml":
                named = Format.XML
            case _:
                continue
        weight = _weight(parameters)
        if weight > 0 and (best is None or weight > best[0]):
            best = (weight, named)
    return None if best is None else best[1]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
