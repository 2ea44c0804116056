"""A running API: one for tests that leave nothing behind that others see, and a fresh one for those that count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from twilio.rest import Client

from tests.support.api_node import ApiNode, api_node, closing_client


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiNode]:
    with api_node(tmp_path_factory.mktemp("api")) as found:
        yield found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ApiNode]:
    with api_node(tmp_path) as found:
        yield found


@pytest.fixture
def client(node: ApiNode) -> Iterator[Client]:
    with closing_client(node) as found:
        yield found
