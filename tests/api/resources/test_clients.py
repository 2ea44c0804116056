from __future__ import annotations

import pytest

from tests.support.api_node import RESTCOMM, ApiNode


def test_a_client_is_made_once_and_its_password_is_never_shown(fresh: ApiNode) -> None:
    form = {"Login": "alice", "Password": "wonder-land-1", "VoiceUrl": "http://x.example/"}
    made = fresh.ask("POST", f"{RESTCOMM}/Clients.json", data=form)
    again = fresh.ask("POST", f"{RESTCOMM}/Clients.json", data={**form, "Password": "another-one-2"})
    assert (made.status_code, again.status_code) == (200, 200)
    assert made.json()["sid"] == again.json()["sid"]
    assert "wonder" not in made.text
    assert "password" not in made.text

    async def hashes() -> tuple[str, str]:
        from offhook.store import clients
        from tests.support.databases import ORGANIZATION

        async with fresh.ports.database.reading() as session:
            found = await clients.by_login(session, ORGANIZATION, "alice")
        assert found is not None
        return found[0].ha1_md5, found[0].ha1_sha256

    import hashlib

    assert fresh.run(hashes())[0] == hashlib.md5(b"alice:example.org:wonder-land-1").hexdigest()
    path = f"{RESTCOMM}/Clients/{made.json()['sid']}.json"
    changed = fresh.ask("POST", path, data={"Password": "quite-different-3", "Status": "0"})
    assert changed.json()["status"] == 0
    assert fresh.run(hashes())[1] == hashlib.sha256(b"alice:example.org:quite-different-3").hexdigest()
    theirs = f"/restcomm/2012-04-24/Accounts/{'AC' + '1' * 32}/Clients"
    assert fresh.ask("POST", theirs, data=form).status_code == 409
    assert fresh.ask("DELETE", path).status_code == 204
    assert fresh.ask("GET", path).status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {"Login": "a@b", "Password": "wonder-land-1"},
        {"Login": "a=b", "Password": "wonder-land-1"},
        {"Login": "a?b", "Password": "wonder-land-1"},
        {"Login": "alice", "Password": "short"},
        {"Login": "alice"},
        {"Password": "wonder-land-1"},
        {"Login": "alice", "Password": "wonder-land-1", "VoiceApplicationSid": "AP" + "9" * 32},
    ],
)
def test_a_client_needs_a_usable_login_and_password(node: ApiNode, form: dict[str, str]) -> None:
    answer = node.ask("POST", f"{RESTCOMM}/Clients.json", data=form)
    assert answer.status_code == 400
    assert set(answer.json()) == {"message", "error"}
