"""What all tests share: readable assertions in the conformance suites, and tracebacks in logs as short as the server's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

pytest.register_assert_rewrite("offhook.media.conformance", "offhook.speech.conformance", "tests.support")
# How long an example takes depends on who else uses the machine. Readers are held to linear time by tests of their own.
settings.register_profile("offhook", deadline=None)
settings.load_profile("offhook")

# With its defaults structlog writes the values of all variables of all frames: seconds in which a loop stands still.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands set logs up for the life of their process, and loggers keep that for good; tests share one process."""
    before, configure = structlog.get_config(), structlog.configure

    def without_caching(**settings: object) -> None:
        configure(**settings | {"cache_logger_on_first_use": False})  # type: ignore[arg-type]

    monkeypatch.setattr(structlog, "configure", without_caching)
    yield
    configure(**before)
