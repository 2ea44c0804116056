"""How documents are built in Python: what the classes of ``build`` have in common. A wrong value is found when it is given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from offhook.rcml.schema import Attribute
from offhook.rcml.values import WrongValue
from offhook.rcml.verbs import VOCABULARY

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document can hold."""


_ELEMENTS: Final = {element.name: element for element in VOCABULARY.all}


class BuiltElement:
    """An element of a document; ``str()`` writes it."""

    def __init__(self, *content: str | BuiltElement, **attributes: Any) -> None:
        """``content`` is text and nested elements; of ``attributes`` those that are None are not written.

        Raises ``ValueError``: a value that the attribute cannot hold, or that XML cannot.
        """
        self._content = content
        self._attributes = {name: _written(value) for name, value in attributes.items() if value is not None}
        self._check()

    def _check(self) -> None:
        name = type(self).__name__
        known = _ELEMENTS[name]
        by_field = {attribute.field: attribute for attribute in known.attributes.values()}
        self._names = {field: by_field[field].name for field in self._attributes}
        for field, text in self._attributes.items():
            _accept(f"<{name} {by_field[field].name}>", by_field[field], text)
        text = "".join(each for each in self._content if isinstance(each, str)).strip()
        if text and known.text is not None:
            _accept(f"<{name}>: its text", known.text, text)

    def __str__(self) -> str:
        name = type(self).__name__
        attributes = "".join(f" {self._names[field]}={quoteattr(text)}" for field, text in self._attributes.items())
        if not self._content:
            return f"<{name}{attributes}/>"
        inner = "".join(escape(each) if isinstance(each, str) else str(each) for each in self._content)
        return f"<{name}{attributes}>{inner}</{name}>"


class Response:
    """A whole document: ``str(Response(Say("Hello"), Hangup()))`` is what an application answers."""

    def __init__(self, *verbs: BuiltElement) -> None:
        self._verbs = list(verbs)

    def append(self, verb: BuiltElement) -> None:
        """Add a verb at the end."""
        self._verbs.append(verb)

    def __str__(self) -> str:
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>{"".join(map(str, self._verbs))}</Response>\n'


def _written(value: Any) -> str:
    """As an attribute holds it."""
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case str() | int():
            return str(value)
        case Iterable():
            return " ".join(_written(each) for each in value)
        case _:
            raise ValueError(f"no attribute can hold {value!r}")


def _accept(where: str, attribute: Attribute, text: str) -> None:
    if _NO_XML.search(text):
        raise ValueError(f"{where} holds a character that XML cannot: {text!r}")
    try:
        attribute.value.read(text.strip())
    except WrongValue as wrong:
        raise ValueError(f"{where} is {text!r}, but has to be {wrong}") from None
