import asyncio
import stat
from datetime import UTC, datetime

import pytest

from offhook.blobs.recordings import RecordingFiles
from offhook.blobs.settings import RecordingSettings
from offhook.vocabulary.sids import SidSource

MOMENT = datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)
SID = SidSource(now_ms=lambda: int(MOMENT.timestamp() * 1000), random_bits=lambda n: 7)("recording")


def test_a_recording_lies_in_the_folder_of_its_day_and_only_its_owner_reads_it(tmp_path):
    files = RecordingFiles(tmp_path / "recordings")
    path = files.reserve(SID)
    assert files.reserve_text(SID) == str(path)
    assert path == files.path(SID) == tmp_path / "recordings" / "2026" / "03" / "04" / f"{SID}.wav"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    folder = path.parent
    while folder != tmp_path:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        folder = folder.parent


def test_a_recording_is_written_as_its_folder_says_and_deleted(tmp_path):
    files = RecordingFiles(tmp_path, RecordingSettings(format="ogg"))
    path = files.reserve(SID)
    path.write_bytes(b"0123456789")
    assert files.reserve(SID).read_bytes() == b"0123456789"
    assert (path, path.suffix) == (files.path(SID, "ogg"), ".ogg")
    for _ in range(2):
        asyncio.run(files.delete(SID))
    assert not path.exists()


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "RE", "CA" + "0" * 32, "RE" + "G" * 32, "RE" + "0" * 31 + "/"]
)
def test_nothing_but_a_sid_names_a_file(tmp_path, name):
    with pytest.raises(ValueError, match="not the sid"):
        RecordingFiles(tmp_path).path(name)


def test_every_sid_has_a_path(tmp_path):
    assert RecordingFiles(tmp_path).path("RE" + "f" * 32).name == "RE" + "f" * 32 + ".wav"


def test_no_recording_begins_where_the_disk_is_nearly_full(tmp_path):
    with pytest.raises(OSError, match="recordings.reserve"):
        RecordingFiles(tmp_path, RecordingSettings(reserve=1 << 40)).reserve(SID)
