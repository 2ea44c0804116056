from __future__ import annotations

import pytest

from offhook.sip.capture.addresses import ends


@pytest.mark.parametrize(
    ("source", "destination", "shown"),
    [
        ("192.0.2.1", "192.0.2.2", ("192.0.2.1", "192.0.2.2")),
        ("2001:db8::1", "2001:db8::2", ("2001:db8::1", "2001:db8::2")),
        ("fe80::1%eth0", "192.0.2.2", ("fe80::1", "::ffff:192.0.2.2")),
        ("pbx.example.org", "192.0.2.2", ("0.0.0.0", "192.0.2.2")),
    ],
)
def test_both_ends_are_of_one_family(source: str, destination: str, shown: tuple[str, str]) -> None:
    one, other = ends(source, destination)
    assert (one.version, one.packed) == (other.version, one.packed)
    mapped = [getattr(end, "ipv4_mapped", None) for end in (one, other)]
    assert (
        tuple(f"::ffff:{four}" if four else str(end) for end, four in zip((one, other), mapped, strict=True)) == shown
    )
