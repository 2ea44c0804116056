"""Write what is made from the verbs' dataclasses besides their reference: the XML Schema, the JSON Schema and the Python builder.

``gen_rcml.py`` writes, ``--check`` only compares.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from offhook.rcml.json_schema import json_schema
from offhook.rcml.reference import describe
from offhook.rcml.schema import Attribute, Element
from offhook.rcml.values import Boolean, Choice, Choices, Integer, Value
from offhook.rcml.verbs import VOCABULARY
from offhook.rcml.xsd import xsd

ROOT = Path(__file__).resolve().parent.parent
XSD = "docs/reference/rcml/rcml.xsd"
JSON = "docs/reference/rcml/rcml.schema.json"
BUILDER = "src/offhook/rcml/build.py"
HEAD = '''"""Build documents in Python, with every attribute typed: ``str(Response(Say("Hello"), Hangup()))``.

Made by tools/gen_rcml.py from src/offhook/rcml/verbs; edit the classes there. What an attribute may hold is checked when it
is given; one that is not given is not written, so the defaults of the verbs hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from offhook.rcml.building import BuiltElement, Response

'''


def files() -> dict[str, str]:
    """Path to text."""
    schema = json.dumps(json_schema(VOCABULARY), indent=2, ensure_ascii=False) + "\n"
    return {XSD: xsd(VOCABULARY), JSON: schema, BUILDER: builder()}


def builder() -> str:
    """The module ``offhook.rcml.build``, formatted."""
    elements = VOCABULARY.all
    exported = sorted(["Response", *(element.name for element in elements)])
    parts = [HEAD + f"__all__ = {exported!r}\n", *(_class(element) for element in elements)]
    command = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(ROOT / BUILDER), "-"]
    return subprocess.run(command, input="\n\n".join(parts), capture_output=True, text=True, check=True).stdout


def _class(element: Element) -> str:
    page = describe(VOCABULARY, element)
    inside = list(VOCABULARY.inside(element))
    # Text first: a class may name those that come later in the file, as annotations are not looked at.
    kinds = (["str"] if element.text is not None else []) + sorted(inside)
    content = [f"*content: {' | '.join(kinds)}"] if kinds else []
    attributes = list(element.attributes.values())
    signature = [*content, *(["*"] if attributes and not content else []), *map(_parameter, attributes)]
    passed = [*(["*content"] if content else []), *(f"{each.field}={each.field}" for each in attributes)]
    described = {each.name: each.says for each in page.attributes}
    args = "\n".join(f"{each.field}: {described[each.name] or each.value.expects}" for each in attributes)
    first, _, rest = page.says.partition("\n")
    documented = "\n".join(part for part in (first, rest, ("\n" + args) if args else "") if part)
    text = textwrap.indent(_wrapped(documented), "    ").strip()
    return (
        f"class {element.name}(BuiltElement):\n"
        f'    """{text}\n    """\n\n'
        f"    def __init__({', '.join(['self', *signature])}) -> None:\n"
        f"        super().__init__({', '.join(passed)})\n"
    )


def _wrapped(text: str) -> str:
    return "\n".join(
        textwrap.fill(line, 110, subsequent_indent="    ", break_long_words=False) if line else ""
        for line in text.split("\n")
    )


def _parameter(attribute: Attribute) -> str:
    kind = _kind(attribute.value)
    return f"{attribute.field}: {kind}" if attribute.required else f"{attribute.field}: {kind} | None = None"


def _kind(value: Value) -> str:
    match value:
        case Boolean():
            return "bool"
        case Integer():
            return "int"
        case Choice():
            return f"Literal{list(value.words)!r}"
        case Choices():
            return f"Sequence[Literal{list(value.words)!r}]"
        case _:
            return "str"


def main() -> int:
    made = files()
    stale = [path for path, text in made.items() if not (ROOT / path).exists() or (ROOT / path).read_text() != text]
    if "--check" in sys.argv[1:]:
        print("\n".join(f"{path} differs from the code; run make docs" for path in stale))
        return 1 if stale else 0
    for path in stale:
        (ROOT / path).write_text(made[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
