"""The verbs as an XML Schema, for editors and validators (XML Schema 1.0 Part 1 and 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from offhook.rcml.reference import Page, describe
from offhook.rcml.schema import Attribute, Element, Vocabulary
from offhook.rcml.values import URL_LIMIT, Boolean, Choice, Choices, FreeText, Integer, Pattern, UrlReference, Value


def xsd(vocabulary: Vocabulary) -> str:
    """The schema of a whole document. It knows no element or attribute that is not in the vocabulary, though a call only warns of
    those.
    """
    elements = {element.name: element for element in vocabulary.all}
    pages = {name: describe(vocabulary, element) for name, element in elements.items()}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">',
        '  <xs:element name="Response">',
        "    <xs:complexType>",
        *_nested(vocabulary.top, "      "),
        "    </xs:complexType>",
        "  </xs:element>",
    ]
    for name in sorted(elements):
        lines += _type(vocabulary, elements[name], pages[name])
    return "\n".join([*lines, "</xs:schema>"]) + "\n"


def _type(vocabulary: Vocabulary, element: Element, page: Page) -> list[str]:
    inside = vocabulary.inside(element)
    says = {each.name: each.says for each in page.attributes}
    lines = [f'  <xs:complexType name="{element.name}"{_mixed(element)}>', *_said(page.says, "    ")]
    if element.text is not None and not inside:
        lines = [f'  <xs:complexType name="{element.name}">', *_said(page.says, "    "), "    <xs:simpleContent>"]
        lines += ['      <xs:extension base="xs:string">']
        lines += [line for each in element.attributes.values() for line in _attribute(each, says, "        ")]
        return [*lines, "      </xs:extension>", "    </xs:simpleContent>", "  </xs:complexType>"]
    lines += _nested(inside, "    ")
    lines += [line for each in element.attributes.values() for line in _attribute(each, says, "    ")]
    return [*lines, "  </xs:complexType>"]


def _mixed(element: Element) -> str:
    return "" if element.text is None else ' mixed="true"'


def _nested(inside: Mapping[str, Element], indent: str) -> list[str]:
    if not inside:
        return []
    children = [f'{indent}  <xs:element name="{name}" type="{name}"/>' for name in sorted(inside)]
    return [f'{indent}<xs:choice minOccurs="0" maxOccurs="unbounded">', *children, f"{indent}</xs:choice>"]


def _attribute(attribute: Attribute, says: dict[str, str], indent: str) -> list[str]:
    use = ' use="required"' if attribute.required else ""
    return [
        f'{indent}<xs:attribute name="{attribute.name}"{use}>',
        *_said(says[attribute.name], indent + "  "),
        f"{indent}  <xs:simpleType>",
        *(f"{indent}    {line}" for line in _simple(attribute.value)),
        f"{indent}  </xs:simpleType>",
        f"{indent}</xs:attribute>",
    ]


def _said(text: str, indent: str) -> list[str]:
    if not text:
        return []
    return [f"{indent}<xs:annotation><xs:documentation>{escape(text)}</xs:documentation></xs:annotation>"]


def _simple(value: Value) -> list[str]:
    match value:
        case Integer(low=low, high=high):
            bounds = [f'  <xs:minInclusive value="{low}"/>', f'  <xs:maxInclusive value="{high}"/>']
            return ['<xs:restriction base="xs:integer">', *bounds, "</xs:restriction>"]
        case Boolean():
            return _patterned("|".join(_in_any_case(word) for word in ("true", "false", "1", "0")))
        case Pattern(pattern=pattern):
            return _patterned(pattern.replace("(?:", "("))
        case UrlReference():
            return ['<xs:restriction base="xs:string">', f'  <xs:maxLength value="{URL_LIMIT}"/>', "</xs:restriction>"]
        case Choice(also=also):
            # Editors offer the enumeration; the pattern lets other cases and spellings pass, as calls do.
            words = "|".join(_in_any_case(word) for word in (*value.words, *also))
            offered = [f"      <xs:enumeration value={quoteattr(word)}/>" for word in value.words]
            return [
                "<xs:union>",
                '  <xs:simpleType><xs:restriction base="xs:string">',
                *offered,
                "  </xs:restriction></xs:simpleType>",
                "  <xs:simpleType>",
                *(f"    {line}" for line in _patterned(words)),
                "  </xs:simpleType>",
                "</xs:union>",
            ]
        case Choices():
            word = f"({'|'.join(re.escape(each) for each in value.words)})"
            return _patterned(f"[ ,]*{word}([ ,]+{word})*[ ,]*")
        case FreeText():
            return ['<xs:restriction base="xs:string"/>']
        case _:
            raise TypeError(f"no simple type for {value!r}")


def _patterned(pattern: str) -> list[str]:
    return ['<xs:restriction base="xs:string">', f"  <xs:pattern value={quoteattr(pattern)}/>", "</xs:restriction>"]


def _in_any_case(word: str) -> str:
    return "".join(f"[{each.upper()}{each.lower()}]" if each.isalpha() else re.escape(each) for each in word)
