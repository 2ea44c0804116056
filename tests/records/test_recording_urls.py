"""Recordings and their URLs, both ways."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from offhook.blobs.recordings import RecordingFiles
from offhook.calls.events import CallEvent
from offhook.records.recording_urls import RecordingUrls
from offhook.store.recordings import RecordingRow
from offhook.vocabulary.sids import AccountSid, RecordingSid
from tests.support.databases import ADMINISTRATOR, CHILD, NOW, populated

ORIGIN = "https://127.0.0.1:8443"
SID = RecordingSid("RE" + "019900000001" + "0" * 20)
OWNER, OTHER = AccountSid(CHILD), AccountSid(ADMINISTRATOR)


class Settled:
    def publish(self, event: CallEvent) -> None:
        raise AssertionError

    async def settled(self) -> None:
        return


def found(directory: Path, account: AccountSid, url: str, *, with_file: bool = True) -> Path | None:
    async def scenario() -> Path | None:
        files = RecordingFiles(directory / "recordings")
        async with populated("sqlite", directory) as database:
            async with database.writing() as session:
                session.add(
                    RecordingRow(
                        sid=SID,
                        account_sid=OWNER,
                        call_sid="CA" + "0" * 32,
                        status="completed",
                        channels=1,
                        source="RecordVerb",
                        start_time=NOW,
                        date_created=NOW,
                        date_updated=NOW,
                    )
                )
            if with_file:
                files.reserve(SID)
            return await RecordingUrls(lambda: ORIGIN, files, database, Settled).file(account, url)

    return asyncio.run(scenario())


@pytest.mark.parametrize("version", ["2010-04-01", "2012-04-24"])
@pytest.mark.parametrize("extension", ["", ".wav"])
def test_the_url_of_a_recording_leads_back_to_its_file(version: str, extension: str, tmp_path: Path) -> None:
    async def url() -> str:
        async with populated("sqlite", tmp_path / "x") as database:
            urls = RecordingUrls(lambda: ORIGIN, RecordingFiles(tmp_path), database, Settled)
            return urls.url(OWNER, SID, version)

    (tmp_path / "x").mkdir()
    text = asyncio.run(url())
    assert version in text
    path = found(tmp_path, OWNER, text + extension)
    assert path is not None
    assert path.name == f"{SID}.wav"


def test_the_recording_of_another_account_is_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    theirs = f"{ORIGIN}/2010-04-01/Accounts/{OWNER}/Recordings/{SID}"
    assert found(tmp_path / "a", OTHER, theirs) is None
    claimed = f"{ORIGIN}/2010-04-01/Accounts/{OTHER}/Recordings/{SID}"
    assert found(tmp_path / "b", OTHER, claimed) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://127.0.0.1:8443",
        f"https://elsewhere/2010-04-01/Accounts/{OWNER}/Recordings/{SID}",
        f"{ORIGIN}/2010-04-01/Accounts/{OWNER}/Recordings/../../{SID}",
        f"{ORIGIN}/2010-04-01/Accounts/{OWNER}/Recordings/{SID}.mov",
        f"{ORIGIN}/2010-04-01/Accounts/{OWNER}/Calls/{SID}",
    ],
)
def test_other_urls_are_requested_like_any(url: str, tmp_path: Path) -> None:
    assert found(tmp_path, OWNER, url) is None


def test_a_file_that_is_gone_is_not_offered(tmp_path: Path) -> None:
    url = f"{ORIGIN}/2010-04-01/Accounts/{OWNER}/Recordings/{SID}"
    assert found(tmp_path, OWNER, url, with_file=False) is None
