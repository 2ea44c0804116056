r"""Rules that rewrite numbers on their way to and from a trunk: ``+49 => 0``, or ``^\+49(.*)$ => 0\1``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from offhook.calls.trunks.patterns import NumberPattern

ARROW: Final = "=>"
_REPLACEMENT: Final = re.compile(r"(?:[0-9A-Za-z+*#._-]|\\[1-9]){0,64}", re.ASCII)
_REFERENCE: Final = re.compile(r"\\([1-9])")


@dataclass(frozen=True, slots=True)
class RewriteRule:
    """What stands at the beginning of a number, and what stands there instead."""

    pattern: NumberPattern
    replacement: str
    r"""With ``\1`` and so on for the groups of the pattern."""

    @classmethod
    def parse(cls, text: str) -> RewriteRule:
        """``PATTERN => REPLACEMENT``. Raises ``ValueError``."""
        left, arrow, right = text.partition(ARROW)
        if not arrow:
            raise ValueError(f"the rule {text[:80]!r} is not of the form PATTERN {ARROW} REPLACEMENT")
        pattern, replacement = NumberPattern.parse(left), right.strip()
        if _REPLACEMENT.fullmatch(replacement) is None:
            raise ValueError(
                f"the replacement {replacement[:80]!r} holds other than digits, letters, + * # . _ - and \\1"
            )
        most = max((int(digit) for digit in _REFERENCE.findall(replacement)), default=0)
        if most > pattern.groups:
            raise ValueError(f"the replacement {replacement[:80]!r} names a group that {pattern.text!r} has not")
        return cls(pattern, replacement)

    def __str__(self) -> str:
        return f"{self.pattern.text} {ARROW} {self.replacement}"

    def rewrite(self, number: str) -> str | None:
        """``number`` rewritten; None when the rule is not about it."""
        match = self.pattern.match(number)
        if match is None:
            return None
        text = _REFERENCE.sub(lambda reference: match[int(reference[1])] or "", self.replacement)
        return text + number[match.end() :]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRules:
    """The rules of one direction: the first that is about a number rewrites it, the others are not asked."""

    called: tuple[RewriteRule, ...] = ()
    caller: tuple[RewriteRule, ...] = ()


def rewritten(number: str, rules: Iterable[RewriteRule]) -> str:
    """``number`` after the first rule that is about it; as it is when none is, or when nothing would be left of it."""
    for rule in rules:
        changed = rule.rewrite(number)
        if changed is not None:
            return changed or number
    return number


def rules_of(lines: Iterable[str]) -> tuple[RewriteRule, ...]:
    """Rules from text, one each; empty lines are skipped. Raises ``ValueError``."""
    return tuple(RewriteRule.parse(line) for line in lines if line.strip())
