from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from offhook.api.call_body import NAMES, of_facts, of_row
from offhook.api.dialect import Dialect, Format, Rendering
from offhook.api.wire.bodies import tree
from offhook.calls.events import CallEnded, CallFacts
from offhook.records.recorder import call_row
from offhook.store.calls import CallRow
from offhook.vocabulary.sids import AccountSid, CallSid
from offhook.vocabulary.statuses import CallStatus, Direction
from tests.support.databases import ADMINISTRATOR, NOW

FACTS = CallFacts(
    sid=CallSid("CA" + "1" * 32),
    account_sid=AccountSid(ADMINISTRATOR),
    direction=Direction.INBOUND,
    from_="+14155550100",
    to="1000",
    status=CallStatus.FAILED,
    created_at=NOW,
    answered_at=NOW + timedelta(seconds=2),
    ended_at=NOW + timedelta(seconds=9),
    duration=7,
    ring_duration=2,
    reason="The server stopped",
    trunk_sid="config:carrier",
)
TWILIO_FIELDS = (
    "sid date_created date_updated parent_call_sid account_sid to to_formatted from from_formatted phone_number_sid status "
    "start_time end_time duration price price_unit direction answered_by api_version forwarded_from group_sid caller_name "
    "queue_time trunk_sid uri subresource_uris"
)


def test_every_field_that_clients_read_is_there() -> None:
    found = tree(of_facts(FACTS), Rendering(dialect=Dialect.TWILIO, format=Format.JSON))
    assert set(TWILIO_FIELDS.split()) <= set(found)
    assert (found["duration"], found["queue_time"], found["status"]) == ("7", "0", "failed")
    assert (found["reason"], found["trunk_sid"]) == ("The server stopped", "config:carrier")
    assert NAMES.list_key(Dialect.TWILIO) == "calls"


def test_a_record_shows_the_same_as_the_call_did() -> None:
    columns = call_row(CallEnded(call=FACTS, at=NOW + timedelta(seconds=9)))
    row = CallRow(**{"to" if name == "to_" else name: value for name, value in columns.items()})
    assert of_row(row) == of_facts(FACTS)
    assert of_row(row).date_updated == NOW + timedelta(seconds=9)
    assert replace(of_facts(FACTS), reason=None) != of_row(row)
