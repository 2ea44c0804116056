"""The OpenAPI 3.1 description of the API, made from the routes and the dataclasses that they take and return."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Union, get_args, get_origin

from fastapi import APIRouter
from fastapi.routing import APIRoute

from offhook.api.dialect import Dialect
from offhook.api.errors import Code
from offhook.api.operations import OPERATION, Operation
from offhook.api.paging import Paging
from offhook.api.wire.bodies import Entry, Mark, entries_of
from offhook.api.wire.forms import Slot, slots_of

Document = dict[str, Any]

_DESCRIPTION: Final = (
    "The REST API of offhook, a programmable voice platform. Two bases serve the same resources: "
    f"`{Dialect.RESTCOMM.base}` answers in XML unless asked for JSON, `{Dialect.TWILIO.base}` in JSON unless asked for XML. "
    "`.json` or `.xml` behind a path, or the `Accept` field, chooses. Schemas name the fields of both; fields marked with a "
    "dialect appear in that one only."
)
_SIMPLE: Final[Mapping[type, Document]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime: {"type": "string", "description": "A moment in UTC, RFC 2822 (`Mon, 05 Jan 2026 17:00:00 +0000`)."},
    date: {"type": "string", "description": "A day (`2026-01-31`) or a moment (`2026-01-31T17:00:00Z`), UTC."},
}
_PAGING_KEYS: Final = {
    "page": "integer",
    "page_size": "integer",
    "start": "integer",
    "end": "integer",
    "uri": "string",
    "first_page_uri": "string",
    "next_page_uri": "string",
    "previous_page_uri": "string",
}
_USUAL: Final = {
    "401": "The credentials are missing or wrong.",
    "403": "The credentials may not do this, or the account is not active.",
    "404": "There is no such resource.",
    "429": "Too many failed logins, or too much at once; `Retry-After` says when to try again.",
}


def describe(routers: Sequence[APIRouter]) -> Document:
    """The description of all routes that carry an ``Operation``."""
    paths: dict[str, Document] = {}
    schemas: dict[str, Document] = {"Error": _error()}
    for path, method, told, doc in _operations(routers):
        if told.body is not None:
            schemas.setdefault(told.body.__name__, _schema(told.body))
        paths.setdefault(path, {})[method] = _operation(path, told, doc)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "offhook",
            "version": "2012-04-24",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": Dialect.RESTCOMM.base, "description": "XML by default"},
            {"url": Dialect.TWILIO.base, "description": "JSON by default"},
        ],
        "security": [{"basic": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Account sid or e-mail address, with the auth token or the password.",
                }
            },
            "schemas": dict(sorted(schemas.items())),
        },
        "x-error-codes": {str(int(code)): code.name.lower().replace("_", " ") for code in sorted(Code)},
    }


def _operations(routers: Sequence[APIRouter]) -> Iterator[tuple[str, str, Operation, str]]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                told = (route.openapi_extra or {})[OPERATION]
                for method in sorted(route.methods or ()):
                    yield route.path, method.lower(), told, route.description


def _operation(path: str, told: Operation, doc: str) -> Document:
    found: Document = {
        "operationId": told.name,
        "summary": told.summary,
        "description": doc,
        "tags": [_tag(path)],
        "parameters": [*_path_parameters(path), *_query_parameters(told)],
        "responses": _responses(told),
    }
    if told.takes is not None:
        form = _form(told.takes)
        found["requestBody"] = {
            "required": bool(form.get("required")),
            "content": {"application/x-www-form-urlencoded": {"schema": form}, "multipart/form-data": {"schema": form}},
        }
    return found


def _tag(path: str) -> str:
    """The resource that a path is about: its last fixed segment."""
    return [segment for segment in path.split("/") if segment and not segment.startswith("{")][-1]


def _path_parameters(path: str) -> list[Document]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": "^[A-Z]{2}[0-9a-f]{32}$"},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(told: Operation) -> list[Document]:
    asked = (*slots_of(told.asks), *slots_of(Paging)) if told.many and told.asks else ()
    return [
        {
            "name": slot.name,
            "in": "query",
            "required": slot.required,
            "description": slot.told.doc,
            "schema": _slot_schema(slot, described=False),
        }
        for slot in asked
    ]


def _form(form: type) -> Document:
    slots = slots_of(form)
    schema: Document = {"type": "object", "properties": {slot.name: _slot_schema(slot) for slot in slots}}
    required = [slot.name for slot in slots if slot.required]
    return {**schema, "required": required} if required else schema


def _slot_schema(slot: Slot, *, described: bool = True) -> Document:
    if slot.kind is tuple:
        schema: Document = {"type": "array", "items": {"type": "string"}}
    elif issubclass(slot.kind, StrEnum):
        schema = {"type": "string", "enum": [str(each) for each in slot.kind]}
    else:
        schema = dict(_SIMPLE[slot.kind])
    if described:
        schema["description"] = slot.told.doc
    if slot.told.secret:
        schema["format"] = "password"
    if slot.default not in (None, ()):
        schema["default"] = slot.default
    return schema


def _responses(told: Operation) -> Document:
    responses: Document = {}
    if told.media is not None:
        responses["200"] = {"description": told.summary, "content": {told.media: {"schema": {"type": "string"}}}}
    elif told.body is None:
        responses["204"] = {"description": "Deleted."}
    else:
        one = {"$ref": f"#/components/schemas/{told.body.__name__}"}
        schema = _list(told, one) if told.many else one
        content = {"application/json": {"schema": schema}, "application/xml": {"schema": schema}}
        if told.created:
            responses["201"] = {"description": "Created (2010-04-01).", "content": content}
            responses["200"] = {"description": "Created (2012-04-24).", "content": content}
        else:
            responses["200"] = {"description": told.summary, "content": content}
    usual = dict(_USUAL)
    if told.takes is not None or told.many:
        usual["400"] = "A parameter is missing or wrong."
    if told.takes is not None:
        usual["413"] = "The body is too large."
    if told.refusals:
        usual["400"] = f"Refused; besides general codes {', '.join(str(int(code)) for code in told.refusals)}."
    for status, description in sorted(usual.items()):
        responses[status] = {
            "description": description,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
    return responses


def _list(told: Operation, one: Document) -> Document:
    assert told.names is not None
    items: Document = {"type": "array", "items": one}
    paged = {name: {"type": [kind, "null"]} for name, kind in _PAGING_KEYS.items()}
    forms: list[Document] = [
        {
            "type": "object",
            "title": Dialect.TWILIO.value,
            "properties": {told.names.list_key(Dialect.TWILIO): items, **paged},
        }
    ]
    if told.names.bare:
        forms.append({**items, "title": Dialect.RESTCOMM.value})
    else:
        totals = {"total": {"type": "integer"}, "num_pages": {"type": "integer"}, "last_page_uri": {"type": "string"}}
        key = told.names.list_key(Dialect.RESTCOMM)
        forms.append({"type": "object", "title": Dialect.RESTCOMM.value, "properties": {key: items, **paged, **totals}})
    return {"oneOf": forms}


def _schema(body: type) -> Document:
    entries = entries_of(body)
    doc = (body.__doc__ or "").strip()
    return {
        "type": "object",
        "description": doc,
        "properties": {entry.json_name: _entry_schema(entry) for entry in entries},
        "required": [entry.json_name for entry in entries if not entry.marks & {Mark.ONLY_TWILIO, Mark.ONLY_RESTCOMM}],
    }


def _entry_schema(entry: Entry) -> Document:
    hint, nullable = entry.hint, False
    if get_origin(hint) in (Union, types.UnionType):
        parts = get_args(hint)
        nullable = type(None) in parts
        (hint,) = (part for part in parts if part is not type(None))
    if get_origin(hint) is not None and issubclass(get_origin(hint), Mapping):
        schema: Document = {"type": "object", "additionalProperties": dict(_SIMPLE[get_args(hint)[1]])}
    elif get_origin(hint) is tuple:
        schema = {"type": "array", "items": _schema(get_args(hint)[0])}
    else:
        schema = dict(_SIMPLE[hint])
    kinds = [schema["type"]]
    if Mark.TEXT_IN_TWILIO in entry.marks:
        kinds.insert(0, "string")
        schema["description"] = "A string in the 2010-04-01 dialect."
    for mark, dialect in ((Mark.ONLY_TWILIO, Dialect.TWILIO), (Mark.ONLY_RESTCOMM, Dialect.RESTCOMM)):
        if mark in entry.marks:
            schema["description"] = f"Only in the {dialect.value} dialect."
    if Mark.ISO_IN_RESTCOMM in entry.marks:
        schema["description"] = "A moment in UTC: RFC 2822, or ISO 8601 in the 2012-04-24 dialect."
    if nullable:
        kinds.append("null")
    return {**schema, "type": kinds if len(kinds) > 1 else kinds[0]}


def _error() -> Document:
    text: Document = {"type": "string"}
    number: Document = {"type": "integer"}
    return {
        "description": "Why a request was refused.",
        "oneOf": [
            {
                "type": "object",
                "title": Dialect.TWILIO.value,
                "properties": {"code": number, "message": text, "more_info": text, "status": number},
                "required": ["code", "message", "more_info", "status"],
            },
            {
                "type": "object",
                "title": Dialect.RESTCOMM.value,
                "properties": {"message": text, "error": {**text, "description": "The code, as text."}},
                "required": ["message", "error"],
            },
        ],
    }
