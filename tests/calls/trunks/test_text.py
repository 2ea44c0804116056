from __future__ import annotations

import pytest

from offhook.calls.trunks.text import caller_header_of, gateway_of, srtp_of, words_of
from offhook.calls.trunks.trunk import CallerHeader, Gateway
from offhook.media.srtp import SrtpPolicy


def test_a_gateway_without_a_word_has_the_middle_of_everything() -> None:
    assert gateway_of("sip:a") == Gateway(uri="sip:a", priority=10, weight=10)


def test_priority_and_weight_stand_behind_the_uri_in_any_order() -> None:
    wanted = Gateway(uri="sip:a;transport=tcp", priority=5, weight=7)
    assert gateway_of("sip:a;transport=tcp weight=7 priority=5") == wanted


@pytest.mark.parametrize("text", ["sip:a cost=1", "sip:a priority=-1", "sip:a priority=70000", "tel:1"])
def test_a_gateway_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="sip|gateway"):
        gateway_of(text)


def test_a_caller_header_is_known_however_it_is_written() -> None:
    assert caller_header_of(" p-asserted-identity ") is CallerHeader.ASSERTED
    assert caller_header_of("none") is CallerHeader.NONE
    with pytest.raises(ValueError, match="none of"):
        caller_header_of("X-Caller")


def test_an_srtp_policy_is_known_by_its_name() -> None:
    assert srtp_of(" Required ") is SrtpPolicy.REQUIRED
    assert srtp_of(" ") is None
    with pytest.raises(ValueError, match="none of off"):
        srtp_of("always")


def test_items_are_separated_by_commas_spaces_or_lines() -> None:
    assert words_of(" PCMA, PCMU\n10.0.0.0/8 ") == ("PCMA", "PCMU", "10.0.0.0/8")
    assert words_of(" ") == ()
