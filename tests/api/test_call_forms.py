from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": None}, 21201),
        ({"to": "what is this"}, 21211),
        ({"from_": None}, 21213),
        ({"url": None}, 21205),
        ({"url": "ftp://example.org"}, 21205),
        ({"twiml": "<Response/>"}, 21205),
        ({"application_sid": "AP" + "0" * 32, "url": None}, 21218),
        ({"method": "DELETE"}, 21206),
        ({"status_callback": "nowhere"}, 21609),
        ({"timeout": 601}, 20001),
        ({"timeout": "soon"}, 20001),
        ({"to": "client:nobody"}, 21214),
    ],
)
def test_a_call_that_cannot_be_made_is_refused_with_the_code_that_clients_know(
    client: Client, changes: dict[str, object], code: int
) -> None:
    wanted: dict[str, object] = {"to": "1000", "from_": "1001", "url": "https://example.org/", **changes}
    given = {name: value for name, value in wanted.items() if value is not None}
    given.setdefault("to", "")
    given.setdefault("from_", "")
    with pytest.raises(TwilioRestException) as refused:
        client.calls.create(**given)
    assert (refused.value.status, refused.value.code) == (400, code)
