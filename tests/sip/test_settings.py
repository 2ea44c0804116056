"""Settings of signalling."""

from __future__ import annotations

import pytest

from offhook.sip.settings import SipSettings


@pytest.mark.parametrize("digest", [(), ("MD5", "CRC32")])
def test_a_digest_algorithm_that_is_none_is_named(digest: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"sip\.digest.*MD5 and SHA-256"):
        SipSettings(digest=digest)
