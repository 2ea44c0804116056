"""Write the reference of settings from the packages' dataclasses: ``gen_settings.py`` writes, ``--check`` only compares."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
import typing
from collections.abc import Iterator
from pathlib import Path

from offhook.config import Settings, documented, lists, row_in

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"
HEAD = """<!-- Made by tools/gen_settings.py from the settings.py of each package; edit the docstrings there. -->

# Settings

Each can be given as the variable below, or in `offhook.toml` in the data directory, where the part before the point is the
table: `sip.trust` is `trust` under `[sip]`. A variable weighs more than the file, a flag of `offhook serve` more than both. Lists
are written with commas in variables and as arrays in the file; lists of tables stand in the file only; true and false also as `yes`, `no`, `on`, `off`, `1`, `0`.
"""


def text() -> str:
    """The whole page."""
    said = dict(_said(Settings, ""))
    rows = dict(_rows(Settings, ""))
    lines = [HEAD]
    section, tables = None, list[str]()
    for key, variable, default in documented():
        name, _, field = key.partition(".")
        if name != section:
            lines += tables
            section, tables = name, []
            lines += [f"\n## {name}\n", "| setting | variable | default | |", "|---|---|---|---|"]
        if key in rows:
            lines.append(f"| `{field}` | in the file only | | {said[key]} Tables `[[{key}]]`, see below. |")
            tables += [f"\n### {key}\n", *_table(key, rows[key])]
        else:
            lines.append(f"| `{field}` | `{variable}` | {_shown(default)} | {said[key]} |")
    lines += tables
    for name, item in lists():
        lines += [f"\n## {name}\n", *_table(name, item)]
    return "\n".join(lines) + "\n"


def _table(name: str, item: type) -> list[str]:
    """The settings of each table of a list."""
    below = _docstrings(item)
    lines = [f"Tables of the file, `[[{name}]]`, one for each; {_prose(item.__doc__ or '')}\n"]
    lines += ["| setting | default | |", "|---|---|---|"]
    for field in dataclasses.fields(item):
        default = "needed" if field.default is dataclasses.MISSING else _shown(field.default)
        lines.append(f"| `{field.name}` | {default} | {_prose(below[field.name])} |")
    return lines


def _rows(cls: type, prefix: str) -> Iterator[tuple[str, type]]:
    """Setting to the dataclass of its tables, for those in sections that are lists of tables."""
    for name, hint in typing.get_type_hints(cls).items():
        row = row_in(hint)
        if row is not None:
            yield prefix + name, row
        elif dataclasses.is_dataclass(hint) and isinstance(hint, type):
            yield from _rows(hint, f"{prefix}{name}.")


def _said(cls: type, prefix: str) -> Iterator[tuple[str, str]]:
    """Setting to the docstring below its field."""
    below = _docstrings(cls)
    hints = typing.get_type_hints(cls)
    for item in dataclasses.fields(cls):
        inner = [
            kind for kind in typing.get_args(hints[item.name]) or (hints[item.name],) if dataclasses.is_dataclass(kind)
        ]
        if inner and row_in(hints[item.name]) is None:
            yield from _said(inner[0], f"{prefix}{item.name}.")
        else:
            yield prefix + item.name, _prose(below.get(item.name, ""))


def _prose(said: str) -> str:
    """On one line, and safe in a table."""
    line = " ".join(said.replace("``", "`").replace("|", r"\|").split())
    return re.sub(r"(<\w+>)", r"`\1`", line)


def _docstrings(cls: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, following in zip(definition.body, definition.body[1:], strict=False):
        match field, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = said
    return found


def _shown(default: object) -> str:
    """A default as it would be written."""
    match default:
        case None | "" | ():
            return ""
        case bool():
            return f"`{str(default).lower()}`"
        case (str(host), int(port)):
            return f"`{host}:{port}`"
        case tuple():
            return f"`{','.join(map(str, default))}`"
        case float():
            return f"`{default:g}`" if default < 1e6 else f"`{default:.0f}`"
        case _:
            return f"`{default}`"


def main() -> int:
    """0 when the page is what the code says."""
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") == text():
            return 0
        print(f"{TARGET.name} differs from the code; run make docs")
        return 1
    TARGET.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
