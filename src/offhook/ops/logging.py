"""Logs on standard error: one line per fact, as text or JSON."""

from __future__ import annotations

import logging
import sys

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
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if settings.json else _leave,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=sys.stderr, level=max(level, logging.WARNING), format="%(levelname)s %(name)s %(message)s"
    )


def _leave(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The console renderer writes exceptions itself, better."""
    return event
