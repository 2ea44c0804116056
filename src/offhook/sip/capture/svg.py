"""A ladder as SVG: self-contained, without scripts and styles, so that it may be opened from anywhere."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from offhook.sip.capture.ladder import CallLadder
from offhook.sip.capture.picture import Arrow, Picture, draw

_APART: Final = 240
_MARGIN: Final = 90
_ROW: Final = 34
_TOP: Final = 70
_INK, _FAINT, _LATE = "#1f2933", "#9aa5b1", "#b45309"
_FAILED, _FINE = "#b91c1c", "#15803d"


def svg(ladder: CallLadder) -> str:
    """The picture of a ladder."""
    picture = draw(ladder)
    width = 2 * _MARGIN + _APART * max(1, len(picture.columns) - 1) + _APART // 2
    height = _TOP + _ROW * (len(picture.arrows) + 1)
    began = "" if picture.began is None else picture.began.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    note = f"; {picture.dropped} messages in the middle were not kept" if picture.dropped else ""
    box = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        _text(10, 18, f"first message at {began}{note}" if began else "no messages", _FAINT, anchor="start"),
        *_columns(picture, height),
    ]
    for row, arrow in enumerate(picture.arrows):
        parts += _arrow(arrow, _TOP + _ROW * (row + 1) - 8)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _columns(picture: Picture, height: int) -> list[str]:
    parts = []
    for column, name in enumerate(picture.columns):
        x = _x(column)
        parts.append(_text(x, 44, name, _INK, weight="bold" if column == picture.us else "normal"))
        parts.append(f'<line x1="{x}" y1="52" x2="{x}" y2="{height - 8}" stroke="{_FAINT}"/>')
    return parts


def _arrow(arrow: Arrow, y: int) -> list[str]:
    start, end = _x(arrow.start), _x(arrow.end)
    back = -7 if end > start else 7
    colour = _colour(arrow)
    dashed = ' stroke-dasharray="5 3"' if arrow.again else ""
    return [
        _text(8, y + 4, f"+{arrow.after:.3f}", _FAINT, anchor="start"),
        f'<line x1="{start}" y1="{y}" x2="{end}" y2="{y}" stroke="{colour}"{dashed}/>',
        f'<path d="M{end} {y} l{back} -4 v8 z" fill="{colour}"/>',
        _text((start + end) // 2, y - 6, arrow.label, colour),
    ]


def _colour(arrow: Arrow) -> str:
    if arrow.again:
        return _LATE
    match arrow.label[:1]:
        case "2":
            return _FINE
        case "4" | "5" | "6":
            return _FAILED
        case _:
            return _INK


def _x(column: int) -> int:
    return _MARGIN + _APART // 4 + _APART * column


def _text(x: int, y: int, content: str, colour: str, *, anchor: str = "middle", weight: str = "normal") -> str:
    readable = "".join(character if character.isprintable() else "?" for character in content)
    return (
        f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}">{escape(readable)}</text>'
    )
