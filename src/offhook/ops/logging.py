"""Logs on standard error: one line per fact, as text or JSON."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog

from offhook.ops.settings import LogSettings


def configure(settings: LogSettings) -> None:
    """Set up structlog for the process, and let the libraries' own logs through from warning on."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    renderer: structlog.typing.Processor
    if settings.json:
        renderer = structlog.processors.JSONRenderer()
    else:
        # Tracebacks without the values of variables: those hold secrets, and cost a tenth of a second to write.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), sort_keys=False, exception_formatter=structlog.dev.plain_traceback
        )
    standard_error = cast("TextIO", _StandardError())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if settings.json else _leave,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(standard_error),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=standard_error, level=max(level, logging.WARNING), format="%(levelname)s %(name)s %(message)s"
    )


def _leave(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The console renderer writes exceptions itself, better."""
    return event


class _StandardError:
    """Whatever standard error is at the moment: loggers keep their file for good, and hosts of this process may change it.

    A log that cannot be written (a full disk, a reader that went away) must not end a call: the line is lost.
    """

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
