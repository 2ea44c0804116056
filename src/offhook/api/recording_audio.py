"""The audio of a recording over HTTP: with ranges, whole or its head."""

from __future__ import annotations

from typing import Final

from starlette.responses import FileResponse, Response

from offhook.api.auth import Access
from offhook.api.errors import ApiError, Code, NotFound
from offhook.store.recordings import RecordingRow

MEDIA_TYPES: Final = {"wav": "audio/wav", "ogg": "audio/ogg", "mp3": "audio/mpeg"}


async def audio(access: Access, row: RecordingRow, extension: str) -> Response:
    """The audio as ``extension`` says. A recording in progress gives what there is so far. Raises ``ApiError``."""
    if extension != row.format:
        message = f"Recording {row.sid} is stored as {row.format}; ask for {row.sid}.{row.format}"
        raise ApiError(406, Code.INVALID_PARAMETER, message)
    path = access.ports.recordings.path(row.sid, extension)
    if not path.is_file():
        raise NotFound(f"the audio of recording {row.sid}")
    name = f"{row.sid}.{extension}"
    return FileResponse(path, media_type=MEDIA_TYPES[extension], filename=name, content_disposition_type="inline")
