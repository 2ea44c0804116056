from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from offhook.calls.answering_machine import Thresholds
from offhook.calls.machine_detection import MachineDetection
from tests.support.api_node import ApiNode


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
        ({"machine_detection": "Perhaps"}, 20001),
        ({"machine_detection": "Enable", "machine_detection_timeout": 2}, 20001),
        ({"machine_detection": "Enable", "machine_detection_speech_threshold": 999}, 20001),
        ({"async_amd_status_callback": "nowhere"}, 21205),
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


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, None),
        (
            {
                "machine_detection": "detectmessageend",
                "machine_detection_timeout": 20,
                "machine_detection_speech_threshold": 2000,
                "machine_detection_speech_end_threshold": 900,
                "machine_detection_silence_timeout": 3000,
                "async_amd_status_callback": "https://example.org/not-asked",
            },
            MachineDetection(
                message_end=True,
                thresholds=Thresholds(
                    timeout=20_000, speech_threshold=2000, speech_end_threshold=900, silence_timeout=3000
                ),
            ),
        ),
        (
            {
                "machine_detection": "Enable",
                "async_amd": "true",
                "async_amd_status_callback": "https://example.org/amd",
                "async_amd_status_callback_method": "GET",
            },
            MachineDetection(beside=True, callback="https://example.org/amd", callback_method="GET"),
        ),
    ],
)
def test_who_answered_is_found_out_as_the_form_says(
    client: Client, node: ApiNode, given: dict[str, object], wanted: MachineDetection | None
) -> None:
    client.calls.create(to="1000", from_="1001", url="https://example.org/", **given)
    assert node.calls.orders[-1].machine_detection == wanted
