"""Form bodies and query strings to typed parameters: the dataclass is the specification.

A field's name gives the parameter's name, its type the conversion, its metadata the check, the error code and the
documentation. Unknown parameters are ignored, as clients of this API expect; repeated keys make tuples. Field types:
``str``, ``int``, ``float``, ``bool``, ``date``, a ``StrEnum``, each with ``| None``; and ``tuple[str, ...]``.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from offhook.api.errors import BadParameter, Code
from offhook.api.wire.names import pascal

Pairs = Sequence[tuple[str, str]]
T = TypeVar("T")

_KEY = "offhook.parameter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What a field's metadata says of a parameter."""

    doc: str
    name: str | None
    missing: int
    invalid: int
    check: Callable[[str], str] | None
    secret: bool


def parameter(
    doc: str,
    *,
    default: Any = MISSING,
    name: str | None = None,
    missing: int = Code.INVALID_PARAMETER,
    invalid: int = Code.INVALID_PARAMETER,
    check: Callable[[str], str] | None = None,
    secret: bool = False,
) -> Any:
    """A dataclass field that is filled from a form or a query.

    ``missing`` and ``invalid`` are the error codes for either; ``check`` returns the text to use or raises ``ValueError``
    with the rest of the sentence "Parameter X …". The value of a ``secret`` parameter never appears in a message.
    """
    told = Parameter(doc=doc, name=name, missing=missing, invalid=invalid, check=check, secret=secret)
    return field(default=default, metadata={_KEY: told})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One parameter of a form, ready to be read."""

    attribute: str
    name: str
    kind: type
    """``str``, ``int`` …; ``tuple`` for repeated keys."""
    required: bool
    default: Any
    told: Parameter


@cache
def slots_of(form: type) -> tuple[Slot, ...]:
    """The parameters that ``form``, a dataclass made of ``parameter`` fields, declares."""
    hints = get_type_hints(form)
    return tuple(_slot(each, hints[each.name]) for each in fields(form))


def _slot(each: Field[Any], hint: Any) -> Slot:
    told: Parameter = each.metadata[_KEY]
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    kind = tuple if get_origin(hint) is tuple else hint
    return Slot(
        attribute=each.name,
        name=told.name or pascal(each.name),
        kind=kind,
        required=each.default is MISSING,
        default=None if each.default is MISSING else each.default,
        told=told,
    )


def decode(form: type[T], pairs: Pairs) -> T:
    """Read ``form`` out of ``pairs``. Raises ``BadParameter`` for the first parameter that is missing or wrong.

    An empty value of a parameter that is no text counts as absent; an empty text stays empty, which clears it in updates.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    slots = slots_of(form)  # type: ignore[arg-type] # classes are hashable
    return form(**{slot.attribute: _value(slot, given.get(slot.name)) for slot in slots})


def unknown(form: type, pairs: Pairs) -> list[str]:
    """Names in ``pairs`` that ``form`` does not declare."""
    known = {slot.name for slot in slots_of(form)}
    return sorted({name for name, _ in pairs} - known)


def _value(slot: Slot, texts: list[str] | None) -> Any:
    if slot.kind is tuple:
        return tuple(part for text in texts or () for part in re.split(r"[\s,]+", text) if part) or slot.default or ()
    text = texts[-1] if texts else None
    if text is None or (not text.strip() and (slot.required or slot.kind is not str)):
        if slot.required:
            raise BadParameter(slot.told.missing, f"Parameter {slot.name} is required: {slot.told.doc}")
        return slot.default
    try:
        return _CONVERTERS.get(slot.kind, slot.kind)(text) if slot.told.check is None else _checked(slot, text)
    except ValueError as error:
        shown = "" if slot.told.secret else f" {_excerpt(text)}"
        reason = _reason(slot, error)
        raise BadParameter(slot.told.invalid, f"Parameter {slot.name}{shown} {reason}") from error


def _checked(slot: Slot, text: str) -> str:
    assert slot.told.check is not None
    return text if text == "" else slot.told.check(text)


def _reason(slot: Slot, error: ValueError) -> str:
    if issubclass(slot.kind, StrEnum):
        return f"is not one of {', '.join(slot.kind)}"
    return str(error)


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _integer(text: str) -> int:
    if re.fullmatch(r"[+-]?\d{1,9}", text.strip(), re.ASCII) is None:
        raise ValueError("is not a whole number")
    return int(text)


def _decimal(text: str) -> float:
    if re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,9})?", text.strip(), re.ASCII) is None:
        raise ValueError("is not a number")
    return float(text)


def _boolean(text: str) -> bool:
    match text.strip().lower():
        case "true" | "1" | "yes":
            return True
        case "false" | "0" | "no":
            return False
        case _:
            raise ValueError("is neither true nor false")


def _day(text: str) -> date:
    """A date, or a moment in ISO 8601, which is a ``datetime`` in UTC."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip(), re.ASCII):
            return date.fromisoformat(text.strip())
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a date such as 2026-01-31 or 2026-01-31T17:00:00Z") from None


def _text(text: str) -> str:
    if "\x00" in text:
        raise ValueError("contains a NUL character")
    return text


_CONVERTERS: Mapping[type, Callable[[str], Any]] = {
    str: _text,
    int: _integer,
    float: _decimal,
    bool: _boolean,
    date: _day,
}
