from __future__ import annotations

import pytest

from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.trunk import TrunkKey
from offhook.records.settings import RecordsSettings
from offhook.records.trunks import StoreTrunks
from tests.support.api_node import RESTCOMM, TWILIO, ApiNode
from tests.support.databases import CHILD

NAME = {"FriendlyName": "carrier"}


def test_a_trunk_is_made_changed_listed_and_deleted_and_its_passwords_are_never_shown(fresh: ApiNode) -> None:
    form = {
        **NAME,
        "Username": "u",
        "Password": "s3cret-one",
        "CallerHeader": "P-Asserted-Identity",
        "OutboundCalled": "+ => 00\n^0(.*)$ => \\1",
        "Codecs": "PCMA,PCMU",
        "Srtp": "required",
        "MaxCalls": "30",
        "CallsPerSecond": "2.5",
        "InboundUsername": "them",
        "InboundPassword": "s3cret-two",
        "Networks": "192.0.2.0/24",
    }
    made = fresh.ask("POST", f"{TWILIO}/Trunks.json", data=form)
    assert made.status_code == 201, made.text
    trunk = made.json()
    assert trunk["sid"].startswith("TK")
    assert (trunk["max_calls"], trunk["calls_per_second"], trunk["calls"]) == (30, 2.5, 0)
    assert trunk["subresource_uris"]["origination_urls"].endswith(f"{trunk['sid']}/OriginationUrls.json")
    assert "s3cret" not in made.text
    path = f"{TWILIO}/Trunks/{trunk['sid']}.json"
    changed = fresh.ask("POST", path, data={"Codecs": "", "Enabled": "false", "MaxCalls": "0"}).json()
    assert (changed["codecs"], changed["enabled"], changed["max_calls"]) == ("", False, 0)
    assert changed["srtp"] == "required"
    assert changed["outbound_called"] == form["OutboundCalled"]
    assert [one["sid"] for one in fresh.ask("GET", f"{TWILIO}/Trunks.json").json()["trunks"]] == [trunk["sid"]]
    assert fresh.ask("GET", f"{RESTCOMM}/Trunks/{trunk['sid']}").text.count("<FriendlyName>carrier</FriendlyName>") == 1
    assert len(fresh.directory_changes) == 2

    async def read() -> TrunkBook:
        return await StoreTrunks(fresh.ports.database, fresh.ports.keyring, RecordsSettings(), TrunkBook()).book()

    stored = fresh.run(read()).trunks[TrunkKey(trunk["sid"])]
    assert (stored.password, stored.enabled) == ("s3cret-one", False)
    assert set(stored.recognition.ha1) == {"MD5", "SHA-256"}
    assert fresh.ask("DELETE", path).status_code == 204
    assert fresh.ask("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "FriendlyName"),
        ({**NAME, "OutboundCalled": "+49"}, "PATTERN"),
        ({**NAME, "CallerHeader": "X-Caller"}, "none of"),
        ({**NAME, "Codecs": "G729"}, "G729"),
        ({**NAME, "Srtp": "always"}, "none of off"),
        ({**NAME, "MaxCalls": "-1"}, "limit"),
        ({**NAME, "ResponseTimeout": "0"}, "time-out"),
        ({**NAME, "Networks": "carrier"}, "network"),
        ({**NAME, "InboundUsername": "them"}, "InboundPassword"),
        ({**NAME, "InboundUsername": "them", "InboundPassword": "short"}, "InboundPassword"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(node: ApiNode, form: dict[str, str], said: str) -> None:
    answer = node.ask("POST", f"{TWILIO}/Trunks.json", data=form)
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_names_are_taken_once_and_other_accounts_see_nothing(fresh: ApiNode) -> None:
    form = {**NAME, "InboundUsername": "them", "InboundPassword": "s3cret-two"}
    sid = fresh.ask("POST", f"{TWILIO}/Trunks.json", data=form).json()["sid"]
    assert fresh.ask("POST", f"{TWILIO}/Trunks.json", data=NAME).status_code == 409
    theirs = f"/2010-04-01/Accounts/{CHILD}/Trunks"
    assert fresh.ask("POST", f"{theirs}.json", data={**form, "FriendlyName": "other"}).status_code == 409
    assert fresh.ask("POST", f"{theirs}.json", data=NAME).status_code == 201
    assert fresh.ask("GET", f"{theirs}/{sid}.json").status_code == 404
    assert fresh.ask("GET", f"{TWILIO}/Trunks/{sid}.json", account=CHILD).status_code == 403
    assert (
        fresh.ask("POST", f"{TWILIO}/Trunks/{sid}.json", data={"InboundUsername": ""}).json()["inbound_username"]
        is None
    )
