"""What all tests share: readable assertions in the conformance suites, and tracebacks in logs as short as the server's."""

from __future__ import annotations

import pytest
import structlog

pytest.register_assert_rewrite("offhook.media.conformance", "offhook.speech.conformance", "tests.support")

# With its defaults structlog writes the values of all variables of all frames: seconds in which a loop stands still.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
