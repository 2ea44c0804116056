from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.support.api_node import RESTCOMM, TOKENS, ApiNode, closing_client
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD


def test_numbers_applications_and_accounts_are_kept(fresh: ApiNode) -> None:
    with closing_client(fresh) as client:
        application = client.applications.create(friendly_name="Menu", voice_url="https://example.org/menu")
        number = client.incoming_phone_numbers.create(
            phone_number="+1 (415) 555-0100", voice_application_sid=application.sid, voice_method="GET"
        )
        assert (number.phone_number, number.friendly_name) == ("+14155550100", "+14155550100")
        assert (number.voice_application_sid, number.voice_method) == (application.sid, "GET")
        assert number.api_version == "2010-04-01"
        for again in ("+14155550100", "14155550100"):
            with pytest.raises(TwilioRestException) as refused:
                client.incoming_phone_numbers.create(phone_number=again)
            assert refused.value.code == 21452
        changed = client.incoming_phone_numbers(number.sid).update(
            voice_url="http://example.org/x", friendly_name="Desk"
        )
        assert (changed.voice_url, changed.friendly_name, changed.voice_method) == (
            "http://example.org/x",
            "Desk",
            "GET",
        )
        assert client.incoming_phone_numbers(number.sid).update(voice_url="").voice_url is None
        assert [each.sid for each in client.incoming_phone_numbers.list(phone_number="+1415*")] == [number.sid]

        call = client.calls.create(to="1", from_="2", application_sid=application.sid)
        assert fresh.calls.orders[-1].application.url == "https://example.org/menu"
        assert fresh.calls.orders[-1].application_sid == application.sid
        client.calls(call.sid).update(status="completed")

        assert client.applications(application.sid).delete() is True
        assert client.incoming_phone_numbers(number.sid).fetch().voice_application_sid is None
        assert client.incoming_phone_numbers(number.sid).delete() is True
        assert client.incoming_phone_numbers.list() == []

        account = client.api.accounts(ADMINISTRATOR).fetch()
        assert (account.auth_token, account.status) == (TOKENS[ADMINISTRATOR], "active")
        assert {each.sid for each in client.api.accounts.list()} == {ADMINISTRATOR, CHILD, GRANDCHILD}


def test_a_number_may_be_any_name_when_it_is_reached_by_sip_only(fresh: ApiNode) -> None:
    made = fresh.ask(
        "POST", f"{RESTCOMM}/IncomingPhoneNumbers.json", data={"PhoneNumber": "reception", "isSIP": "true"}
    )
    assert made.json()["phone_number"] == "reception"
    again = fresh.ask("POST", f"{RESTCOMM}/IncomingPhoneNumbers", data={"PhoneNumber": "reception", "isSIP": "true"})
    assert (again.status_code, "<Error>21452</Error>" in again.text) == (400, True)
    assert fresh.ask("POST", f"{RESTCOMM}/IncomingPhoneNumbers", data={"PhoneNumber": "reception2"}).status_code == 400
    assert fresh.ask("POST", f"{RESTCOMM}/IncomingPhoneNumbers", data={"AreaCode": "415"}).status_code == 400
    listed = fresh.ask("GET", f"{RESTCOMM}/IncomingPhoneNumbers.json?PhoneNumber=rec*").json()
    assert [each["phone_number"] for each in listed["incomingPhoneNumbers"]] == ["reception"]


def test_a_number_may_be_a_pattern_or_a_sip_uri_of_the_accounts_domain(fresh: ApiNode) -> None:
    def made(number: str, **more: str) -> tuple[int, str]:
        answer = fresh.ask("POST", f"{RESTCOMM}/IncomingPhoneNumbers.json", data={"PhoneNumber": number, **more})
        return answer.status_code, answer.json().get("phone_number", answer.text)

    assert made("[2-9][0-9]{2,3}", isSIP="true") == (200, "[2-9][0-9]{2,3}")
    status, text = made("[2-9", isSIP="true")
    assert status == 400
    assert "no regular expression" in text
    assert made("[2-9][0-9]{3}")[0] == 400
    assert made("sip:support@example.org") == (200, "support")
    assert made("SIP:desk@Example.ORG", isSIP="true") == (200, "desk")
    status, text = made("sip:support@elsewhere.example")
    assert status == 400
    assert "example.org" in text


def test_the_directory_forgets_when_what_it_knows_has_changed(fresh: ApiNode) -> None:
    made = fresh.ask("POST", f"{RESTCOMM}/IncomingPhoneNumbers.json", data={"PhoneNumber": "1000"}).json()
    fresh.ask("POST", f"{RESTCOMM}/IncomingPhoneNumbers/{made['sid']}", data={"VoiceUrl": "http://x.example/"})
    fresh.ask("DELETE", f"{RESTCOMM}/IncomingPhoneNumbers/{made['sid']}")
    fresh.ask("GET", f"{RESTCOMM}/IncomingPhoneNumbers")
    assert len(fresh.directory_changes) == 3
