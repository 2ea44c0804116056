import pytest

from offhook.blobs.settings import RecordingSettings


def test_a_format_that_is_not_written_is_refused_by_name():
    with pytest.raises(ValueError, match="'flac' is not one of wav, ogg"):
        RecordingSettings(format="flac")
