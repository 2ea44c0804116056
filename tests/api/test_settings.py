import pytest

from offhook.api.settings import ApiSettings, origin


def test_an_origin_is_what_a_client_on_this_machine_can_ask():
    assert origin("127.0.0.1", 8443) == "https://127.0.0.1:8443"
    assert origin("0.0.0.0", 1) == "https://127.0.0.1:1"
    assert origin("::", 1) == "https://[::1]:1"


def test_what_applications_are_told_can_differ_from_what_is_listened_on():
    assert ApiSettings().origin == "https://127.0.0.1:8443"
    assert ApiSettings(public_url="https://voice.example.org").origin == "https://voice.example.org"


@pytest.mark.parametrize("wrong", ["voice.example.org", "https://voice.example.org/", "https://a:b@c", "ftp://a"])
def test_a_public_url_that_is_no_origin_is_refused(wrong):
    with pytest.raises(ValueError, match="https://voice"):
        ApiSettings(public_url=wrong)


def test_a_port_that_is_none_is_refused():
    with pytest.raises(ValueError, match="65536"):
        ApiSettings(port=65_536)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"turn_urls": ("relay.example",), "turn_secret": "s"}, "none of stun:HOST"),
        ({"turn_urls": ("turn:relay.example:3478",)}, "turn_secret"),
        ({"turn_ttl": 5}, "60..604800"),
    ],
)
def test_relays_that_no_browser_could_use_are_refused(wrong, why):
    with pytest.raises(ValueError, match=why):
        ApiSettings(**wrong)
    ApiSettings(turn_urls=("stun:relay.example", "turns:[2001:db8::1]:5349?transport=tcp"), turn_secret="s")
