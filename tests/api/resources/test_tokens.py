from __future__ import annotations

from pathlib import Path

from offhook.api.settings import ApiSettings
from offhook.security.turn import TurnCredentials
from tests.support.api_node import TWILIO, ApiNode, api_node, closing_client
from tests.support.databases import ADMINISTRATOR

URLS = ("stun:relay.example:3478", "turn:relay.example:3478?transport=udp")


def test_a_browser_is_lent_credentials_that_the_relay_can_check(tmp_path: Path) -> None:
    settings = ApiSettings(port=0, turn_urls=URLS, turn_secret="north-of-the-river")
    with api_node(tmp_path, settings=settings) as node, closing_client(node) as client:
        token = client.tokens.create(ttl=600)
        expires, name = token.username.split(":")
        assert name == ADMINISTRATOR
        assert TurnCredentials.lent("north-of-the-river", name, int(expires)).password == token.password
        assert (token.ttl, [server["urls"] for server in token.ice_servers]) == ("600", list(URLS))
        assert [server["username"] for server in token.ice_servers] == [None, token.username]
        assert client.tokens.create().ttl == "86400"


def test_nobody_is_lent_more_than_the_settings_allow(node: ApiNode) -> None:
    for ttl in ("0", "86401"):
        refused = node.ask("POST", f"{TWILIO}/Tokens.json", data={"Ttl": ttl})
        assert refused.status_code == 400
        assert "86400" in refused.json()["message"]


def test_without_relays_there_are_none_to_use(node: ApiNode) -> None:
    answer = node.ask("POST", f"{TWILIO}/Tokens.json", data={})
    assert answer.status_code == 201
    assert answer.json()["ice_servers"] == []
