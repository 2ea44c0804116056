"""An application's document, from bytes to typed verbs: parsed by expat, checked against a vocabulary.

Whatever the bytes, the outcome is a ``Document`` or a ``DocumentError``. A document type declaration is refused, so no
entity can be declared; size, depth, number of elements and length of attributes are bounded. A stray ``&`` (mostly in a
URL) is repaired with a warning. Elements and attributes that the vocabulary does not know are skipped with a warning.
"""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar
from xml.parsers import expat

from offhook.rcml.errors import Code, DocumentError, Place
from offhook.rcml.schema import Attribute, Element, Vocabulary
from offhook.rcml.values import WrongValue

R = TypeVar("R", bound="Reading")
SIZE_LIMIT: Final = 65_536
"""Bytes."""
DEPTH_LIMIT: Final = 16
ELEMENT_LIMIT: Final = 1_000
VALUE_LIMIT: Final = 8_192
"""Characters of one attribute."""
WARNING_LIMIT: Final = 20
"""Warnings kept of one document; the author who mends these sees the rest."""
SHOWN_VALUE: Final = 80
"""Characters of a wrong value that are repeated in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentWarning:
    """Something in a document that was ignored or repaired."""

    message: str
    """What it is, where, and what was done about it."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that can be run."""

    verbs: tuple[Any, ...]
    """In the order in which they are to run."""
    warnings: tuple[DocumentWarning, ...] = ()


def parse(source: bytes | str, vocabulary: Vocabulary, *, charset: str = "") -> Document:
    """Read a document. ``charset`` is the transport's word on the encoding, over the XML declaration's.

    Raises ``DocumentError``.
    """
    return read(source, charset, lambda data, warnings: Reading(data, vocabulary, warnings)).document


def read(source: bytes | str, charset: str, reading: Callable[[bytes, Iterable[DocumentWarning]], R]) -> R:
    """Read a document by ``reading``, which takes UTF-8; once more with every stray ``&`` escaped where that is what it lacks.

    Raises ``DocumentError``.
    """
    data = _utf8(source, charset)
    if len(data) > SIZE_LIMIT:
        raise DocumentError(
            f"the document has more than {SIZE_LIMIT} bytes; split it, and join the parts with <Redirect>",
            Place(line=1, column=1),
            Code.TOO_LARGE,
        )
    try:
        return reading(data, ()).run()
    except expat.ExpatError as broken:
        repaired, places = _without_stray_ampersands(data)
        if not places:
            raise _not_xml(broken) from broken
    warnings = tuple(
        DocumentWarning(message=f"{place}: a stray & was read as &amp;; write &amp; instead", place=place)
        for place in places[:WARNING_LIMIT]
    )
    try:
        return reading(repaired, warnings).run()
    except expat.ExpatError as broken:
        raise _not_xml(broken) from broken


_HANDLERS: Final = ("StartElementHandler", "EndElementHandler", "CharacterDataHandler", "StartDoctypeDeclHandler")


@dataclass(slots=True)
class Frame:
    """An element whose end has not come yet."""

    element: Element | None
    """None for the root."""
    inside: Mapping[str, Element]
    values: dict[str, Any]
    place: tuple[int, int]
    """Line and column of the start tag."""
    nested: list[Any]
    text: list[str]


class Reading:
    """One pass of expat over one document; it ends at the first error. ``outline`` reads on."""

    def __init__(self, data: bytes, vocabulary: Vocabulary, warnings: Iterable[DocumentWarning]) -> None:
        self._data = data
        self._vocabulary = vocabulary
        self._warnings = list(warnings)
        self._open: list[Frame] = []
        self._skipping = 0
        self._elements = 0
        self._verbs: tuple[Any, ...] = ()
        self._parser = parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        for handler, method in zip(_HANDLERS, (self._start, self._end, self._characters, self._doctype), strict=True):
            setattr(parser, handler, method)

    def run(self) -> Self:
        """Read everything. Raises ``DocumentError`` and expat's errors."""
        try:
            self._parser.Parse(self._data, True)
        finally:  # the parser holds methods of its holder: without the circle both are freed at once
            for handler in _HANDLERS:
                setattr(self._parser, handler, None)
        return self

    @property
    def document(self) -> Document:
        """What was read."""
        return Document(verbs=self._verbs, warnings=tuple(self._warnings))

    def _doctype(self, name: str, system: str | None, public: str | None, subset: bool) -> None:
        raise self._error("a document type declaration (<!DOCTYPE>) is not allowed; remove it")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > ELEMENT_LIMIT:
            raise self._error(f"the document has more than {ELEMENT_LIMIT} elements; split it with <Redirect>")
        if self._skipping:
            self._skip()
            return
        if ":" in name:
            name = name.rpartition(":")[2]
        if not self._open:
            self._root(name)
            return
        parent = self._open[-1]
        element = parent.inside.get(name)
        if element is None:
            self._unknown_element(name, parent)
            self._skip()
            return
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        values = self._values(element, attributes) if attributes else {}
        for attribute in element.required:
            if attribute.field not in values:
                self._refuse(
                    self._error(
                        f"<{name}> lacks the attribute {attribute.name}; add it ({attribute.value.expects})",
                        element=name,
                        attribute=attribute.name,
                        code=Code.WRONG_VALUE,
                    )
                )
        self._open.append(Frame(element, self._vocabulary.inside(element), values, (line, column), [], []))

    def _root(self, name: str) -> None:
        if name != "Response":
            raise self._error(
                f"the root element is <{name}>; put the verbs into <Response>…</Response>",
                element=name,
                code=Code.WRONG_ROOT,
            )
        self._open.append(Frame(None, self._vocabulary.top, {}, (1, 1), [], []))

    def _skip(self) -> None:
        self._skipping += 1
        if self._skipping + len(self._open) > DEPTH_LIMIT:
            raise self._error(f"elements are nested deeper than {DEPTH_LIMIT}; the verbs need no such depth")

    def _values(self, element: Element, attributes: dict[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, raw in attributes.items():
            attribute = element.attributes.get(name)
            if attribute is None:
                self._unknown_attribute(name, element)
                continue
            value = self._value(element, attribute, raw.strip())
            if value is not None:
                values[attribute.field] = value
        return values

    def _value(self, element: Element, attribute: Attribute, text: str) -> Any:
        if len(text) > VALUE_LIMIT:
            return self._refuse(self._wrong(element, attribute, text, f"at most {VALUE_LIMIT} characters"))
        try:
            return attribute.value.read(text)
        except WrongValue as wrong:
            return self._refuse(self._wrong(element, attribute, text, str(wrong)))

    def _refuse(self, error: DocumentError) -> None:
        """A wrong value: the document cannot be run."""
        raise error from None

    def _wrong(self, element: Element, attribute: Attribute, text: str, expects: str) -> DocumentError:
        return self._error(
            f'<{element.name} {attribute.name}="{_shown(text)}">: the value has to be {expects}',
            element=element.name,
            attribute=attribute.name,
            value=text,
            code=Code.WRONG_VALUE,
        )

    def _characters(self, text: str) -> None:
        if not self._open:
            return
        frame = self._open[-1]
        if not self._skipping or (frame.element is not None and frame.element.text is not None):
            frame.text.append(text)

    def _end(self, _: str) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        frame = self._open.pop()
        element = frame.element
        text = "".join(frame.text).strip() if frame.text else ""
        if element is None:
            self._verbs = tuple(frame.nested)
        else:
            if element.text is not None and text:
                self._read_text(frame, element, element.text, text)
            if element.nested_field is not None and frame.nested:
                frame.values[element.nested_field] = tuple(frame.nested)
            self._open[-1].nested.append(self._made(element, frame))
        if text and (element is None or element.text is None):
            name = "Response" if element is None else element.name
            self._warn(f"the text in <{name}> is ignored; text to speak goes into <Say>", element=name)

    def _made(self, element: Element, frame: Frame) -> Any:
        """The verb or noun that has just ended."""
        return element.make(**frame.values)

    def _read_text(self, frame: Frame, element: Element, attribute: Attribute, text: str) -> None:
        try:
            value = attribute.value.read(text)
        except WrongValue as wrong:
            line, column = frame.place
            place = Place(line=line, column=column, element=element.name, value=text)
            problem = f'<{element.name}>: its text is "{_shown(text)}", but it has to be {wrong}'
            self._refuse(DocumentError(problem, place, Code.WRONG_VALUE))
        else:
            if value is not None:
                frame.values[attribute.field] = value

    def _unknown_element(self, name: str, parent: Frame) -> None:
        if len(self._warnings) >= WARNING_LIMIT:
            return
        inside = "Response" if parent.element is None else parent.element.name
        if name in self._vocabulary.names:
            message = f"<{name}> cannot stand inside <{inside}>; it is skipped"
        else:
            message = f"<{_shown(name)}> is no element of <{inside}>; it is skipped{_meant(name, parent.inside)}"
        if parent.element is not None and parent.element.text is not None:
            message += ", and its text is kept"
        self._warn(message, element=name)

    def _unknown_attribute(self, name: str, element: Element) -> None:
        if name == "xmlns" or ":" in name or len(self._warnings) >= WARNING_LIMIT:
            return
        hint = _meant(name, element.attributes)
        self._warn(f"<{element.name}> has no attribute {_shown(name)}; it is ignored{hint}", element.name, name)

    def _warn(self, problem: str, element: str, attribute: str | None = None) -> None:
        if len(self._warnings) < WARNING_LIMIT:
            place = self._place(element, attribute, None)
            self._warnings.append(DocumentWarning(message=f"{place}: {problem}", place=place))

    def _error(
        self,
        problem: str,
        *,
        element: str | None = None,
        attribute: str | None = None,
        value: str | None = None,
        code: Code = Code.NOT_XML,
    ) -> DocumentError:
        return DocumentError(problem, self._place(element, attribute, value), code)

    def _place(self, element: str | None, attribute: str | None, value: str | None) -> Place:
        """Where expat stands; for an attribute, where in the start tag it is written."""
        at = max(self._parser.CurrentByteIndex, 0)
        if attribute is not None:
            written = re.compile(rb"\s" + re.escape(attribute.encode()) + rb"\s*=").search(self._data, at)
            if written is not None:
                at = written.start() + 1
        line, column = _line_and_column(self._data, at)
        return Place(line=line, column=column, element=element, attribute=attribute, value=value)


def _line_and_column(data: bytes, at: int) -> tuple[int, int]:
    start = data.rfind(b"\n", 0, at) + 1
    return data.count(b"\n", 0, at) + 1, len(data[start:at].decode("utf-8", "replace")) + 1


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_VALUE else f"{text[:SHOWN_VALUE]}…"


def _meant(name: str, known: Iterable[str]) -> str:
    by_lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower()[:SHOWN_VALUE], by_lower, n=1, cutoff=0.75)
    return f" (did you mean {by_lower[close[0]]}?)" if close else ""


_REMEDIES: Final = {
    "no element found": "the document is empty or ends too early; send at least <Response/>",
    "mismatched tag": "close the elements in the order in which they were opened",
    "junk after document element": "only one <Response> may stand in a document",
    "not well-formed (invalid token)": "a character cannot stand here; escape < as &lt; and & as &amp;",
    "XML or text declaration not at start of entity": "<?xml …?> has to be the very first characters; remove what is before it",
}


def _not_xml(broken: expat.ExpatError) -> DocumentError:
    says = expat.ErrorString(broken.code) or "not well-formed"
    remedy = _REMEDIES.get(says, "check the document with an XML editor")
    return DocumentError(f"not XML ({says}): {remedy}", Place(line=broken.lineno, column=broken.offset + 1))


_LITERAL_OR_STRAY: Final = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)",
    re.DOTALL,
)


def _without_stray_ampersands(data: bytes) -> tuple[bytes, list[Place]]:
    """The document with every ``&`` escaped that begins no reference, and where those stood."""
    places: list[Place] = []

    def repair(found: re.Match[bytes]) -> bytes:
        if found[0] != b"&":
            return found[0]
        if len(places) < WARNING_LIMIT:
            line, column = _line_and_column(data, found.start())
            places.append(Place(line=line, column=column))
        return b"&amp;"

    return _LITERAL_OR_STRAY.sub(repair, data), places


_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED: Final = re.compile(rb"""\s*<\?xml[^>]{0,80}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_UNDERSTOOD: Final = re.compile(
    r"utf-?8|us-?ascii|ascii|iso-?8859-?\d{1,2}|latin-?\d{1,2}|windows-?125\d|cp125\d|utf-?16(?:-?[lb]e)?", re.I
)


def _utf8(source: bytes | str, charset: str) -> bytes:
    """The document in UTF-8, by byte order mark, then ``charset``, then the XML declaration."""
    if isinstance(source, bytes):
        for mark, encoding in _MARKS:
            if source.startswith(mark):
                source, charset = source[len(mark) :], encoding
                break
        else:
            if not charset and (declared := _DECLARED.match(source)) is not None:
                charset = declared[1].decode("ascii")
    try:
        if isinstance(source, str):
            return source.removeprefix("\ufeff").encode()
        name = charset.strip("\"' ").lower() or "utf-8"
        if name in ("utf-8", "utf8"):
            return source
        if _UNDERSTOOD.fullmatch(name) is None:
            raise LookupError(name)
        return source.decode(name.replace("windows-", "cp")).encode()
    except (UnicodeError, LookupError) as unreadable:
        raise DocumentError(
            f'the document cannot be read as "{_shown(charset or "utf-8")}"; send UTF-8', Place(line=1, column=1)
        ) from unreadable
