from __future__ import annotations

from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.live import Standing
from offhook.calls.trunks.trunk import Gateway, Trunk, TrunkKey
from offhook.sip.registration import RegistrationState
from offhook.vocabulary.sids import AccountSid
from tests.support.api_node import TWILIO, ApiNode
from tests.support.databases import CHILD


def test_every_gateway_of_the_account_and_of_the_file_is_shown_as_it_is(fresh: ApiNode) -> None:
    gateways = (Gateway(uri="sip:a"), Gateway(uri="sip:b", enabled=False))
    own = Trunk(key=TrunkKey("config:node"), name="node", gateways=gateways)
    theirs = Trunk(key=TrunkKey("TK"), name="theirs", account_sid=AccountSid(CHILD), gateways=gateways[:1])

    async def happen() -> None:
        trunks = fresh.ports.trunks
        trunks.replace(TrunkBook.of([own, theirs]))
        for _ in range(2):
            trunks.failed(own, gateways[0], "it cannot be reached")
        trunks.standings[theirs.key] = Standing(
            state=RegistrationState.FAILED, reason="403", registrar="", until=0.0, host="", user=""
        )

    fresh.run(happen())
    shown = fresh.ask("GET", f"{TWILIO}/TrunkStates.json").json()["trunk_states"]
    assert [(each["gateway"], each["state"], each["reason"], each["enabled"]) for each in shown] == [
        ("sip:a", "down", "it cannot be reached", True),
        ("sip:b", "unknown", "", False),
    ]
    path = f"/2010-04-01/Accounts/{CHILD}/TrunkStates.json"
    (one,) = fresh.ask("GET", path, account=CHILD).json()["trunk_states"]
    assert (one["trunk"], one["registration"], one["registration_reason"]) == ("theirs", "failed", "403")
