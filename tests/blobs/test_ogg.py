from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.blobs.ogg import _checksum, repair
from offhook.blobs.wav import Audio

LEAD = 312


def page(body: bytes, granule: int, *, flags: int = 0, sequence: int = 0) -> bytes:
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
    head = struct.pack("<4sBBQIIIB", b"OggS", 0, flags, granule, 7, sequence, 0, len(lacing))
    whole = bytearray(head + lacing + body)
    whole[22:26] = struct.pack("<I", _checksum(whole))
    return bytes(whole)


def head(*, first: bool = True) -> bytes:
    identification = b"OpusHead\1" + struct.pack("<BHIhB", 2, LEAD, 16_000, 0, 0)
    return page(identification, 0, flags=2 if first else 0) + page(b"OpusTags", 0, sequence=1)


PAGES = [page(b"x" * 300, number * 24_000, sequence=number + 1) for number in range(1, 4)]


def test_what_is_no_whole_page_goes_and_the_last_one_says_that_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.ogg"
    for cut in (0, 1, 30, len(PAGES[-1]) - 1):
        path.write_bytes(head() + b"".join(PAGES) + PAGES[-1][:cut])
        expected = Audio(duration=(72_000 - LEAD) // 48, channels=2, rate=16_000)
        assert repair(path) == expected
        found = path.read_bytes()
        assert found == head() + b"".join(PAGES[:-1]) + page(b"x" * 300, 72_000, flags=4, sequence=4)
        assert repair(path) == expected


def test_a_recording_that_went_on_counts_all_its_streams(tmp_path: Path) -> None:
    path = tmp_path / "x.ogg"
    path.write_bytes((head() + b"".join(PAGES)) * 2)
    audio = repair(path)
    assert audio is not None
    assert audio.duration == 2 * (72_000 - LEAD) // 48


@pytest.mark.parametrize("content", [b"", b"OggS", head(), head()[:30], b"RIFF" * 30, head(first=False) + b"OggS\0"])
def test_where_there_is_no_audio_there_is_nothing_to_mend(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.ogg"
    path.write_bytes(content)
    assert repair(path) is None
    assert path.read_bytes() == content
    assert repair(tmp_path / "missing.ogg") is None


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("x") / "x.ogg"
    for prefix in (b"", head(), b"OggS\0"):
        path.write_bytes(prefix + content)
        repair(path)
