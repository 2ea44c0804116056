"""What all tests share: readable assertions in the conformance suites, and tracebacks in logs as short as the server's."""

from __future__ import annotations

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
