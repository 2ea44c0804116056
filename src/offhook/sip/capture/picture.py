"""A ladder as a picture: who stands where, which arrow goes from whom to whom; as text, and the ground for ``svg``.

We stand in the middle: to the left the far ends of the first leg, to the right all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from offhook.sip.capture.ladder import CallLadder, Captured, repeated
from offhook.sip.flow import HostPort

US: Final = "offhook"
_NARROWEST: Final = 28
"""Characters from one column to the next; more when a label needs them, up to ``_WIDEST``."""
_WIDEST: Final = 52
_TIMES: Final = 10
"""Characters for the time at the left."""
_MOST_COLUMNS: Final = 12
"""Far ends drawn; the messages of further ones share the last column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One message in the picture."""

    start: int
    """Column that it leaves."""
    end: int
    label: str
    after: float
    """Seconds since the first message."""
    again: bool
    """It was sent before: a retransmission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Columns from left to right, arrows from top to bottom."""

    columns: tuple[str, ...]
    us: int
    """Our column."""
    began: datetime | None
    arrows: tuple[Arrow, ...]
    dropped: int


Place = tuple[str, HostPort]
"""A far end: the leg that it belongs to, and its address. One address on two legs (a proxy) stands on both sides."""


def draw(ladder: CallLadder) -> Picture:
    """The picture of a ladder."""
    messages = ladder.messages
    places = list(dict.fromkeys(_place(message) for message in messages))[:_MOST_COLUMNS]
    first_leg = messages[0].leg if messages else ""
    left = [place for place in places if place[0] == first_leg]
    right = [place for place in places if place[0] != first_leg]
    us = len(left)
    columns = {place: position for position, place in enumerate(left)}
    columns |= {place: us + 1 + position for position, place in enumerate(right)}
    names = [*(_name(place, messages) for place in left), US, *(_name(place, messages) for place in right)]
    began = messages[0].at if messages else None
    arrows = []
    for message, again in zip(messages, repeated(messages), strict=True):
        there = columns.get(_place(message), len(names) - 1 if right else us - 1)
        start, end = (us, there) if message.sent else (there, us)
        label = f"{message.summary} (again)" if again else message.summary
        after = (message.at - messages[0].at).total_seconds()
        arrows.append(Arrow(start=start, end=end, label=label, after=after, again=again))
    return Picture(columns=tuple(names), us=us, began=began, arrows=tuple(arrows), dropped=ladder.dropped)


def text(ladder: CallLadder) -> str:
    """The picture in characters, for a terminal or a ticket."""
    picture = draw(ladder)
    if picture.began is None:
        return "no messages\n"
    longest = max(len(arrow.label) for arrow in picture.arrows)
    width = max(_NARROWEST, min(longest + 8, _WIDEST), *(len(name) + 2 for name in picture.columns))
    lines = [f"first message at {picture.began.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"]
    if picture.dropped:
        lines.append(f"({picture.dropped} messages in the middle were not kept)")
    heads = "".join(name.center(width) for name in picture.columns)
    lines += ["", " " * _TIMES + heads.rstrip(), " " * _TIMES + _rails(picture, width)]
    for arrow in picture.arrows:
        lines.append(f"{f'+{arrow.after:.3f}':<{_TIMES}}{_arrow(arrow, picture, width)}")
    lines.append(" " * _TIMES + _rails(picture, width))
    return "\n".join(lines) + "\n"


def _rails(picture: Picture, width: int) -> str:
    return "".join("|".center(width) for _ in picture.columns).rstrip()


def _arrow(arrow: Arrow, picture: Picture, width: int) -> str:
    row = list(_rails(picture, width))
    rail = len("|".center(width).partition("|")[0])
    low, high = sorted((arrow.start, arrow.end))
    begin, stop = low * width + rail + 1, high * width + rail - 1
    line = f" {arrow.label[: stop - begin - 5]} ".center(stop - begin + 1, "-")
    line = f"{line[:-1]}>" if arrow.end > arrow.start else f"<{line[1:]}"
    row[begin : stop + 1] = line
    return "".join(row)


def _place(message: Captured) -> Place:
    return message.leg, HostPort(message.peer.host, message.peer.port)


def _name(place: Place, messages: Sequence[Captured]) -> str:
    transport = next(message.peer.transport for message in messages if _place(message) == place)
    return f"{place[1]} {transport.value}"
