from __future__ import annotations

import pytest

from offhook.media.srtp import Security, SrtpSuite
from offhook.sip.crypto import SUITES


def test_signalling_and_media_know_the_same_suites():
    assert {suite.value: suite.key_length for suite in SrtpSuite} == SUITES


def test_a_key_of_the_wrong_length_is_refused_and_none_is_shown():
    suite = SrtpSuite.AEAD_AES_128_GCM
    security = Security(suite=suite, sends=b"s" * 28, receives=b"r" * 28)
    assert "ssss" not in repr(security)
    assert "rrrr" not in repr(security)
    with pytest.raises(ValueError, match="28 bytes"):
        Security(suite=suite, sends=b"s" * 28, receives=b"r" * 30)
