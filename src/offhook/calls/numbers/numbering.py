"""E.164: telephone numbers in international form, read as people of one region write them (ITU-T E.164, RFC 3966).

The tables of the world's numbering plans are a library's (ADR 0011); it is loaded when the first number needs it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SEPARATORS: Final = re.compile(r"[\s().\-/]+")
_DIGITS: Final = re.compile(r"\+?[0-9]{1,32}", re.ASCII)
_INTERNATIONAL: Final = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
_KEPT: Final = 4096
"""Numbers whose reading is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the numbering plans say about an international number."""

    region: str
    """Two letters (ISO 3166-1) of the country that it belongs to, also among those that share ``+1``; empty for none."""
    premium: bool
    """Whether the called charge for the call."""


class Numbering:
    """Reads numbers. Whatever is none (names, star codes, numbers of a private exchange) stays as it is."""

    def __init__(self, region: str = "") -> None:
        """``region``: two letters (ISO 3166-1) of the country whose national form is read; empty: only ``+`` numbers are."""
        self._region = region.upper()
        self.international = lru_cache(maxsize=_KEPT)(self._international)
        """Text to its international form (``+49891234567``), if it is a number of the region's plan or of the world's."""

    def _international(self, text: str) -> str:
        if len(text) > 64:
            return text
        bare = _SEPARATORS.sub("", text)
        if not _DIGITS.fullmatch(bare):
            return text
        if bare.startswith("+") or not self._region:
            return bare
        import phonenumbers  # noqa: PLC0415 - 5 MB of tables that many installations never need

        try:
            number = phonenumbers.parse(bare, self._region)
        except phonenumbers.NumberParseException:
            return bare
        if not phonenumbers.is_valid_number(number):
            return bare  # an extension, an emergency number
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=_KEPT)
def plan_of(number: str) -> Plan | None:
    """What is known about ``number``; None when it is not in international form."""
    if not _INTERNATIONAL.fullmatch(number):
        return None
    import phonenumbers  # noqa: PLC0415 - as above

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(parsed)
    if region is None:
        # Not in the plan (yet): the main country of its code, unless several countries share that.
        regions = phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
        region = regions[0] if len(regions) == 1 else ""
    kind = phonenumbers.number_type(parsed)
    return Plan(region="" if region == "001" else region, premium=kind == phonenumbers.PhoneNumberType.PREMIUM_RATE)


def is_region(code: str) -> bool:
    """Whether ``code`` is a country whose numbering plan is known."""
    import phonenumbers  # noqa: PLC0415 - as above

    return code.upper() in phonenumbers.SUPPORTED_REGIONS
