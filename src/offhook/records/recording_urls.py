"""Where recordings are found: their URLs in the API, and, for a document that plays one, the file behind its own URL.

An application that plays what was just recorded names the API's URL. To request it would need credentials and a detour
through our own HTTPS; the file is at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from offhook.blobs.recordings import RecordingFiles
from offhook.calls.events import EventLog
from offhook.store import recordings
from offhook.store.scope import Scope
from offhook.store.session import Database
from offhook.vocabulary.sids import AccountSid, RecordingSid

_BASES = {"2010-04-01": "/2010-04-01", "2012-04-24": "/restcomm/2012-04-24"}
_PATH = re.compile(
    r"/(?:restcomm/)?[0-9-]{10}/Accounts/(AC[0-9a-f]{32})/Recordings/(RE[0-9a-f]{32})(?:\.(?:wav|ogg|mp3))?"
)


class RecordingUrls:
    """Both ways between a recording and its URL."""

    def __init__(
        self,
        origin: Callable[[], str],
        files: RecordingFiles,
        database: Database,
        events: Callable[[], EventLog],
    ) -> None:
        """``origin`` gives scheme, host and port of the API, ``events`` what is waited for until a recording has its row."""
        self._origin = origin
        self._files = files
        self._database = database
        self._events = events

    def url(self, account_sid: AccountSid, sid: RecordingSid, api_version: str) -> str:
        """The URL in the dialect of ``api_version``. It has no extension: ``.wav`` is what one gets, ``.json`` tells about it."""
        base = _BASES.get(api_version, _BASES["2012-04-24"])
        return f"{self._origin()}{base}/Accounts/{account_sid}/Recordings/{sid}"

    async def file(self, account_sid: AccountSid, url: str) -> Path | None:
        """The file, when ``url`` is one of a recording of this very account; None otherwise."""
        origin = self._origin()
        match = _PATH.fullmatch(url.removeprefix(origin)) if url.startswith(origin) else None
        if match is None or match[1] != account_sid:
            return None
        await self._events().settled()  # it may have been made a moment ago
        async with self._database.reading() as session:
            found = await recordings.get(session, Scope(account_sid=account_sid), match[2])
        if found is None:
            return None
        path = self._files.path(found.sid, found.format)
        return path if path.is_file() else None
