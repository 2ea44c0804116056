"""One server for the tests of the terminal phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calls_e2e.application import Application
from tests.calls_e2e.server import Server


@pytest.fixture(scope="session")
def phone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), speech_providers="espeak", sip_listen_tls="127.0.0.1:0") as running:
        running.add_client("bob", "secret-of-bob")
        yield running


@pytest.fixture(scope="session")
def phone_application(phone_server: Server) -> Iterator[Application]:
    with Application() as application:
        application.pages["/menu"] = (
            "<Response><Gather numDigits='2' timeout='8' action='/chosen'><Say>Press two.</Say></Gather></Response>"
        )
        application.pages["/chosen"] = lambda asked: f"<Response><Say>You pressed {asked['Digits']}</Say></Response>"
        application.pages["/record"] = (
            "<Response><Say>Go</Say><Record action='/recorded' timeout='0' maxLength='20' playBeep='false'/></Response>"
        )
        application.pages["/recorded"] = "<Response><Say>Thank you</Say></Response>"
        application.pages["/wait"] = "<Response><Say>Wait</Say><Pause length='60'/></Response>"
        application.pages["/busy"] = "<Response><Reject reason='busy'/></Response>"
        for number, path in (("1000", "/menu"), ("1001", "/record"), ("1002", "/wait"), ("1003", "/busy")):
            phone_server.add_number(number, application.url(path))
        yield application
