"""One server for the tests that only call it; those that break it start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calls_e2e.application import Application
from tests.calls_e2e.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server. Its log is shown with a test that fails by the path in ``server.folder``."""
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def app(server: Server) -> Iterator[Application]:
    """An application whose requests are verified, those for audio excepted: a prompt is no webhook."""
    with Application() as application:
        application.auth_token = server.ready["auth_token"]
        yield application
        documents = [asked for asked in application.asked() if not isinstance(application.pages.get(asked.path), bytes)]
        forged = [asked for asked in documents if not asked.genuine]
        assert not forged, f"requests with a wrong signature: {forged}"
