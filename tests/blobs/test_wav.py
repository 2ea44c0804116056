import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.blobs.wav import Audio, repair


def header(told, *, channels=1, extra=b""):
    fmt = struct.pack("<HHIIHH", 1, channels, 8000, 16000 * channels, 2 * channels, 16)
    body = b"WAVE" + b"fmt " + struct.pack("<I", 16) + fmt + extra + b"data" + struct.pack("<I", told)
    return b"RIFF" + struct.pack("<I", told + 36 + len(extra)) + body


@pytest.mark.parametrize(
    ("told", "there"), [(0, 16000), (16000, 32000), (32000, 16000), (16000, 16001), (0xFFFFFF00, 16000)]
)
@pytest.mark.parametrize("extra", [b"", b"LIST" + struct.pack("<I", 3) + b"abc\0"])
def test_a_header_tells_all_the_audio_after_the_repair_and_no_more(tmp_path, told, there, extra):
    path = tmp_path / "x.wav"
    path.write_bytes(header(told, extra=extra) + b"\1" * there)
    whole = there // 2 * 2
    assert repair(path) == Audio(duration=whole // 16, channels=1, rate=8000)
    with wave.open(str(path)) as found:
        assert found.getnframes() == whole // 2
        assert len(found.readframes(10**6)) == whole
    assert repair(path) == Audio(duration=whole // 16, channels=1, rate=8000)


def test_both_channels_of_a_dialogue_are_kept_in_step(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(header(0, channels=2) + b"\1" * 32003)
    assert repair(path) == Audio(duration=1000, channels=2, rate=8000)
    assert path.stat().st_size == 44 + 32000


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", header(0), header(0)[:30], header(0) + b"x", b"RIFFxxxxWAVE" + b"data\1\0\0\0x"]
)
def test_a_file_without_audio_is_left_alone(tmp_path, content):
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    assert repair(path) is None
    assert path.read_bytes() == content
    assert repair(tmp_path / "none.wav") is None


@given(st.binary(max_size=200), st.binary(max_size=60))
def test_no_bytes_break_it(tmp_path_factory, head, tail):
    path = tmp_path_factory.getbasetemp() / "fuzz.wav"
    for content in (head, b"RIFF....WAVE" + head, header(0)[:36] + head + tail):
        path.write_bytes(content)
        assert repair(path) is None or path.stat().st_size >= 12
