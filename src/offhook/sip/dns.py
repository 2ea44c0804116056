"""Questions to DNS and the records that answer them, as far as SIP needs them; plain data and the order of SRV records.

RFC 3403 (NAPTR), RFC 2782 (SRV). Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple


class Kind(StrEnum):
    """Types of records."""

    NAPTR = "NAPTR"
    SRV = "SRV"
    A = "A"
    AAAA = "AAAA"


class Question(NamedTuple):
    """What is asked; names in lower case and without the final dot."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Naptr:
    """A service that a domain offers, and the name under which its servers stand."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Srv:
    """A server; the target ``""`` (the root) says that the service is decidedly not there."""

    priority: int
    weight: int
    port: int
    target: str


Record = Naptr | Srv | str
"""A string is an address, of A or AAAA."""

Answers = Mapping[Question, Sequence[Record]]
"""An empty answer: there is no such name or record, or nobody could say."""


def by_order(records: Iterable[Record]) -> list[Naptr]:
    """The NAPTR records among ``records``, in the order in which they are to be tried."""
    found = [record for record in records if isinstance(record, Naptr)]
    return sorted(found, key=lambda record: (record.order, record.preference))


def by_priority(records: Iterable[Record], random_bits: Callable[[int], int]) -> list[Srv]:
    """The SRV records among ``records``, in the order in which they are to be tried: those of one priority are drawn by
    weight (RFC 2782), so that many callers share the servers as their operator wants it.
    """
    found = [record for record in records if isinstance(record, Srv)]
    found.sort(key=lambda record: (record.priority, record.weight))  # weight 0 first, as the draw wants it
    ordered: list[Srv] = []
    for _, group in groupby(found, key=lambda record: record.priority):
        left = list(group)
        while left:
            drawn = random_bits(32) % (sum(record.weight for record in left) + 1)
            for record in left:
                drawn -= record.weight
                if drawn <= 0:
                    break
            ordered.append(record)
            left.remove(record)
    return ordered
