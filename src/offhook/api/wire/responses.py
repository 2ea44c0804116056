"""Responses: one resource, a list of them, a refusal, in the notation and the envelope that the request asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from offhook.api.dialect import Dialect, Format, Rendering
from offhook.api.errors import ApiError
from offhook.api.wire.bodies import Json, Names, element, json_bytes, tree, xml_bytes

_XML_ATTRIBUTES: Final = {
    "page": "page",
    "num_pages": "numpages",
    "page_size": "pagesize",
    "total": "total",
    "start": "start",
    "end": "end",
    "uri": "uri",
    "first_page_uri": "firstpageuri",
    "previous_page_uri": "previouspageuri",
    "next_page_uri": "nextpageuri",
    "last_page_uri": "lastpageuri",
}
"""JSON key of a paging field to the XML attribute."""


def one(names: Names, body: Any, rendering: Rendering, *, created: bool = False) -> Response:
    """A single resource. A creation answers 201 in the 2010-04-01 dialect and 200 in the other."""
    found = tree(body, rendering)
    content = json_bytes(found) if rendering.format is Format.JSON else _xml(element(names.element, found), rendering)
    return _response(content, rendering, 201 if created and rendering.dialect is Dialect.TWILIO else 200)


def many(names: Names, bodies: Sequence[Any], paging: Mapping[str, Json], rendering: Rendering) -> Response:
    """A page of resources, in the envelope of the dialect."""
    items: list[Json] = [tree(body, rendering) for body in bodies]
    bare = names.bare and rendering.dialect is Dialect.RESTCOMM
    headers: dict[str, str] = {}
    if bare and paging["next_page_uri"] is not None:
        headers["link"] = f'<{paging["next_page_uri"]}>; rel="next"'
    if rendering.format is Format.JSON:
        content = json_bytes(items if bare else {**paging, names.list_key(rendering.dialect): items})
    else:
        attributes = {} if bare else {_XML_ATTRIBUTES[key]: value for key, value in paging.items()}
        inner = "".join(element(names.element, item) for item in items)
        # Built by hand, because an empty list still has its attributes and every item is named after its kind.
        opening = element(names.many, None, attributes).removesuffix("/>")
        content = _xml(f"{opening}>{inner}</{names.many}>", rendering)
    return _response(content, rendering, 200, headers)


def gone() -> Response:
    """The answer to a deletion."""
    return Response(status_code=204)


def refusal(error: ApiError, rendering: Rendering) -> Response:
    """An error, with the code that clients test for."""
    body: dict[str, Json]
    match rendering.dialect:
        case Dialect.TWILIO:
            body = {
                "code": int(error.code),
                "message": error.message,
                "more_info": f"{rendering.origin}/docs#error-{int(error.code)}",
                "status": error.status,
            }
        case Dialect.RESTCOMM:
            body = {"message": error.message, "error": str(int(error.code))}
    if rendering.format is Format.JSON:
        content = json_bytes(body)
    elif rendering.dialect is Dialect.TWILIO:
        content = _xml(element("RestException", body), rendering)
    else:
        content = _xml("".join(element(key.capitalize(), item) for key, item in body.items()), rendering)
    return _response(content, rendering, error.status, error.headers)


def _xml(content: str, rendering: Rendering) -> bytes:
    return xml_bytes(content, rendering.dialect)


def _response(content: bytes, rendering: Rendering, status: int, headers: Mapping[str, str] | None = None) -> Response:
    # A compact JSON body needs no charset; XML says it in both places for clients that read only one.
    media_type = (
        rendering.format.value if rendering.format is Format.JSON else f"{rendering.format.value}; charset=utf-8"
    )
    return Response(content, status_code=status, headers=dict(headers or {}), media_type=media_type)
