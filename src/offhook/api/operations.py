"""What an endpoint takes and returns, told once: FastAPI reads it as route arguments, ``openapi`` as documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import structlog
from fastapi import Depends
from starlette.datastructures import UploadFile
from starlette.requests import Request

from offhook.api.auth import Access, Authorized
from offhook.api.errors import ApiError, BadParameter, Code
from offhook.api.wire import forms
from offhook.api.wire.bodies import Names

log = structlog.get_logger(__name__)

T = TypeVar("T")
OPERATION: Final = "x-offhook-operation"
_MOST_FIELDS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    name: str
    summary: str
    names: Names | None = None
    """What it returns, by name; None: nothing, or what ``media`` says."""
    body: type | None = None
    """What it returns, as a dataclass."""
    many: bool = False
    created: bool = False
    takes: type | None = None
    """Form parameters of the body."""
    asks: type | None = None
    """Filters in the query."""
    media: str | None = None
    """Media type of what it returns instead of a resource."""
    refusals: tuple[Code, ...] = ()
    """Codes that the caller should expect besides the usual ones."""


def operation(told: Operation) -> dict[str, Any]:
    """Arguments for a route decorator."""
    return {
        "operation_id": told.name,
        "summary": told.summary,
        "response_model": None,
        "openapi_extra": {OPERATION: told},
    }


def body(form: type[T]) -> Any:
    """Dependency: the form in the request's body. Whoever may not come in is told so before the body is read."""

    async def read(access: Authorized, request: Request) -> T:
        return _decoded(form, await _pairs(request))

    return Depends(read)


def query(form: type[T]) -> Any:
    """Dependency: the filters in the query."""

    async def read(access: Authorized) -> T:
        return forms.decode(form, access.query)

    return Depends(read)


def _decoded(form: type[T], pairs: list[tuple[str, str]]) -> T:
    ignored = forms.unknown(form, pairs)
    if ignored:
        log.debug("api_parameters_ignored", form=form.__name__, names=ignored[:20])
    return forms.decode(form, pairs)


async def _pairs(request: Request) -> list[tuple[str, str]]:
    """The parameters of a form body, in order, keys as often as they come."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    match media_type:
        case "multipart/form-data":
            async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
                return [(name, value) for name, value in form.multi_items() if not isinstance(value, UploadFile)]
        case "application/x-www-form-urlencoded" | "":
            text = (await request.body()).decode("utf-8", "replace")
            try:
                return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
            except ValueError:
                message = f"The body has more than {_MOST_FIELDS} parameters."
                raise BadParameter(Code.INVALID_PARAMETER, message) from None
        case _:
            message = f"The body is {media_type}; send application/x-www-form-urlencoded or multipart/form-data."
            raise ApiError(415, Code.INVALID_PARAMETER, message)


async def settled(access: Authorized) -> Access:
    """Dependency: wait until what calls have done so far is in the records, so that a client reads what it has caused."""
    await access.ports.events.settled()
    return access
