"""Work beside the calls, of which what breaks must not take the others of its task group along."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


async def contained(work: Coroutine[Any, Any, None]) -> None:
    """Do ``work``; an error is logged, cancelling goes through."""
    try:
        await work
    except Exception:
        log.exception("work_beside_calls_broke")
