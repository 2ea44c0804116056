from __future__ import annotations

import pytest

from offhook.calls.trunks.recognition import Recognizer
from offhook.calls.trunks.trunk import Recognition, Trunk, TrunkKey


def trunk(name: str, *, enabled: bool = True, **by: object) -> Trunk:
    recognition = Recognition(**by)  # type: ignore[arg-type]
    return Trunk(key=TrunkKey(name), name=name, enabled=enabled, recognition=recognition)


RECOGNIZER = Recognizer(
    [
        trunk("wide", networks=("192.0.2.0/24",)),
        trunk("narrow", networks=("192.0.2.7/32", "2001:db8::/32")),
        trunk("off", networks=("192.0.2.7/32",), enabled=False),
        trunk("secure", certificates=("SIP.carrier.example",)),
        trunk("named", username="carrier"),
    ]
)


@pytest.mark.parametrize(
    ("host", "certificates", "names"),
    [
        ("192.0.2.7", (), ["narrow", "wide"]),
        ("::ffff:192.0.2.8", (), ["wide"]),
        ("2001:db8::5%eth0", (), ["narrow"]),
        ("198.51.100.1", (), []),
        ("sip.example", (), []),
        ("198.51.100.1", ("sip.carrier.example",), ["secure"]),
        ("192.0.2.8", ("sip.carrier.example",), ["secure", "wide"]),
    ],
)
def test_a_call_is_known_by_address_narrow_networks_first_or_certificate(
    host: str, certificates: tuple[str, ...], names: list[str]
) -> None:
    assert [one.name for one in RECOGNIZER.trunks(host, certificates)] == names


def test_a_trunk_with_a_password_is_known_by_its_name() -> None:
    found = RECOGNIZER.named("carrier")
    assert found is not None
    assert found.name == "named"
    assert RECOGNIZER.named("nobody") is None
    assert RECOGNIZER.asks_for_proof
    assert not Recognizer([trunk("wide", networks=("10.0.0.0/8",))]).asks_for_proof


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a network"):
        Recognition(networks=("carrier",))
