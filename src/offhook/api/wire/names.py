"""How one name is spelt in Python, in a form, in JSON and in XML."""

from __future__ import annotations

from functools import cache


@cache
def pascal(name: str) -> str:
    """``voice_url`` and ``from_`` as forms and XML elements spell them: ``VoiceUrl``, ``From``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


@cache
def snake(name: str) -> str:
    """``from_`` as JSON spells it: ``from``."""
    return name.rstrip("_")
