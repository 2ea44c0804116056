"""Star codes: what clients dial to run an application of the server, such as ``*72`` to forward their calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from offhook.calls.script import Application

_CODE: Final = re.compile(r"[*#][0-9*#]{1,15}", re.ASCII)
_BEHIND: Final = re.compile(r"\+?[0-9*#]{0,40}", re.ASCII)


class StarCodes:
    """The table."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        """Entries as ``*72=https://example.com/forward``. Raises ``ValueError``."""
        table: dict[str, Application] = {}
        for entry in entries:
            code, _, url = (part.strip() for part in entry.partition("="))
            if not _CODE.fullmatch(code) or urlsplit(url).scheme not in ("http", "https"):
                raise ValueError(f"{entry!r} is no star code; write it like *72=https://example.com/forward")
            if code in table:
                raise ValueError(f"the star code {code} stands twice")
            table[code] = Application(url=url)
        self._table = dict(sorted(table.items(), key=lambda item: -len(item[0])))
        """The longest first: ``*721`` is found before ``*72``."""

    def application(self, dialled: str) -> Application | None:
        """What runs when ``dialled`` is a code, with or without digits behind it."""
        if not dialled.startswith(("*", "#")):
            return None
        for code, application in self._table.items():
            if dialled.startswith(code) and _BEHIND.fullmatch(dialled, len(code)):
                return application
        return None
