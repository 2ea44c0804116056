"""Settings of the media engine."""

from __future__ import annotations

import pytest

from offhook.media.settings import MediaSettings


@pytest.mark.parametrize(("low", "high"), [(80, 2000), (20_000, 20_000), (30_000, 20_000), (60_000, 70_000)])
def test_ports_that_are_no_range_are_refused(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="media.port_low"):
        MediaSettings(port_low=low, port_high=high)


def test_an_unknown_srtp_policy_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="off, optional, required"):
        MediaSettings(srtp="maybe")


@pytest.mark.parametrize(
    "wrong", [{"codecs": ("GSM",)}, {"codecs": ()}, {"opus_bitrate": 100}, {"opus_complexity": 11}]
)
def test_codecs_that_we_do_not_speak_and_numbers_out_of_range_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match=r"media\.(codecs|opus)"):
        MediaSettings(**wrong)
