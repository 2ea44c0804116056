"""The verbs as a JSON Schema (draft 2020-12), for editors and designers that hold a document as JSON.

A document is ``{"verbs": […]}``; an element is an object with its name as ``element``, its attributes by their names, its own
text as ``text`` and what it contains as ``nested``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from offhook.rcml.reference import Described, describe
from offhook.rcml.schema import Attribute, Element, Vocabulary
from offhook.rcml.values import URL_LIMIT, Boolean, Choice, Choices, FreeText, Integer, Pattern, UrlReference, Value

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """The schema of a whole document."""
    return {
        "$schema": DIALECT,
        "title": "RCML document",
        "type": "object",
        "properties": {"verbs": _nested(vocabulary.top)},
        "required": ["verbs"],
        "additionalProperties": False,
        "$defs": {element.name: _definition(vocabulary, element) for element in vocabulary.all},
    }


def _definition(vocabulary: Vocabulary, element: Element) -> dict[str, Any]:
    page = describe(vocabulary, element)
    described = {each.name: each for each in page.attributes}
    properties: dict[str, Any] = {"element": {"const": element.name}}
    if element.text is not None and page.text is not None:
        properties["text"] = _property(element.text, page.text)
    for attribute in element.attributes.values():
        properties[attribute.name] = _property(attribute, described[attribute.name])
    inside = vocabulary.inside(element)
    if inside:
        properties["nested"] = _nested(inside)
    return {
        "description": page.says,
        "type": "object",
        "properties": properties,
        "required": ["element", *(attribute.name for attribute in element.required)],
        "additionalProperties": False,
    }


def _nested(inside: Mapping[str, Element]) -> dict[str, Any]:
    return {"type": "array", "items": {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in sorted(inside)]}}


def _property(attribute: Attribute, described: Described) -> dict[str, Any]:
    made = type_of(attribute.value)
    if described.says:
        made["description"] = described.says
    if described.default and not attribute.required:
        made["default"] = _json(attribute.default)
    return made


def _json(default: Any) -> Any:
    if isinstance(default, frozenset):
        return sorted(str(each.value) for each in default)
    return getattr(default, "value", default)


def type_of(value: Value) -> dict[str, Any]:
    """What JSON value stands for it."""
    match value:
        case Boolean():
            return {"type": "boolean"}
        case Integer(low=low, high=high):
            return {"type": "integer", "minimum": low, "maximum": high}
        case Pattern(pattern=pattern):
            return {"type": "string", "pattern": f"^({pattern})$"}
        case UrlReference():
            return {"type": "string", "format": "uri-reference", "maxLength": URL_LIMIT}
        case Choice():
            return {"enum": list(value.words)}
        case Choices():
            return {"type": "array", "items": {"enum": list(value.words)}, "minItems": 1, "uniqueItems": True}
        case FreeText():
            return {"type": "string"}
        case _:
            raise TypeError(f"no JSON type for {value!r}")
