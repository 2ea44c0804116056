"""Which telephone numbers may be called through a gateway: a list of countries and prefixes, against toll fraud."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from offhook.calls.numbers.numbering import Plan, is_region, plan_of

PREMIUM: Final = "premium"
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
_PREFIX: Final = re.compile(r"\+|\+?[0-9*#]{1,20}", re.ASCII)


class Destinations:
    """The list. Empty: every number. What is forbidden stays forbidden whatever else allows it."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        """Entries: a country (``DE``), a prefix (``+4989``, or ``1`` for what is not in international form), ``premium``
        for numbers that charge their caller; with ``!`` before it, what may not be called. Without an entry that allows,
        all that is not forbidden is allowed. Raises ``ValueError``.
        """
        self._allowed: list[str] = []
        self._forbidden: list[str] = []
        for entry in entries:
            text = entry.strip()
            rule = text.removeprefix("!")
            if rule.lower() != PREMIUM and not _PREFIX.fullmatch(rule) and not _is_country(rule):
                raise ValueError(
                    f"{entry!r} is neither a country (DE), a prefix (+4989), nor premium, with or without !"
                )
            (self._forbidden if text.startswith("!") else self._allowed).append(_spelled(rule))

    def allows(self, number: str) -> bool:
        """Whether ``number``, in international form where it has one, may be called."""
        if not self._allowed and not self._forbidden:
            return True
        plan = plan_of(number)
        if any(_fits(rule, number, plan) for rule in self._forbidden):
            return False
        return not self._allowed or any(_fits(rule, number, plan) for rule in self._allowed)


def _is_country(rule: str) -> bool:
    return _COUNTRY.fullmatch(rule) is not None and is_region(rule)


def _spelled(rule: str) -> str:
    return PREMIUM if rule.lower() == PREMIUM else rule.upper()


def _fits(rule: str, number: str, plan: Plan | None) -> bool:
    if rule == PREMIUM:
        return plan is not None and plan.premium
    if rule.isalpha():
        return plan is not None and plan.region == rule
    return number.startswith(rule)
