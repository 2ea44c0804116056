from __future__ import annotations

from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.trunk import Trunk, TrunkKey
from offhook.vocabulary.sids import AccountSid
from tests.support.api_node import TWILIO, ApiNode
from tests.support.databases import ADMINISTRATOR, CHILD

PATH = f"{TWILIO}/TrunkTests.json"


def with_trunks(node: ApiNode) -> None:
    async def happen() -> None:
        node.ports.trunks.replace(
            TrunkBook.of(
                [
                    Trunk(key=TrunkKey("config:works"), name="works"),
                    Trunk(key=TrunkKey("TK1"), name="broken", account_sid=AccountSid(ADMINISTRATOR)),
                    Trunk(key=TrunkKey("TK2"), name="theirs", account_sid=AccountSid(CHILD)),
                ]
            )
        )

    node.run(happen())


def test_a_trunk_is_tested_by_name_or_sid_with_or_without_a_call(fresh: ApiNode) -> None:
    with_trunks(fresh)
    answer = fresh.ask("POST", PATH, data={"Trunk": "works", "To": "+4930", "From": "+4989"})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["trunk"], answer.json()["fine"]) == ("works", True)
    assert "+4930 from +4989" in answer.json()["report"]
    broken = fresh.ask("POST", PATH, data={"Trunk": "TK1"}).json()
    assert broken["fine"] is False
    assert "→ SipUrl" in broken["report"]


def test_nobody_tests_the_trunks_of_others_or_calls_where_he_may_not(fresh: ApiNode) -> None:
    with_trunks(fresh)
    assert fresh.ask("POST", PATH, data={"Trunk": "theirs"}).status_code == 404
    theirs = f"/2010-04-01/Accounts/{CHILD}/TrunkTests.json"
    assert fresh.ask("POST", theirs, data={"Trunk": "works"}, account=CHILD).status_code == 404
    assert fresh.ask("POST", theirs, data={"Trunk": "theirs"}, account=CHILD).status_code == 201
    refused = fresh.ask("POST", PATH, data={"Trunk": "works", "To": "+19001"})
    assert (refused.status_code, refused.json()["code"]) == (403, 21215)
    assert fresh.ask("POST", PATH).status_code == 400
