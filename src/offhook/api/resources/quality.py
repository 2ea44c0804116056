"""Quality of a call: what its line is like, live or as it was at the end."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from offhook.api.auth import Access
from offhook.api.errors import NotFound
from offhook.api.operations import Operation, operation, settled
from offhook.api.wire.bodies import Names
from offhook.media.events import Statistics
from offhook.store import calls, qualities
from offhook.store.qualities import QualityRow
from offhook.vocabulary.sids import CallSid

router = APIRouter()
Settled = Annotated[Access, Depends(settled)]
NAMES: Final = Names(element="CallQuality", many="CallQualities", key="call_qualities")
_ONE: Final = "/Accounts/{account_sid}/Calls/{call_sid}/Quality"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuality:
    """Figures of one call's line. Late, concealed and delay count only while somebody listens: a recording, a stream, a conversion."""

    call_sid: str
    live: bool
    """Whether the call goes on; else these are the last figures."""
    codec_sent: str | None
    codec_received: str | None
    packets_sent: int
    packets_received: int
    packets_lost: int
    """Expected, but never arrived."""
    packets_late: int
    """Arrived after they were needed."""
    packets_duplicate: int
    """Arrived again."""
    packets_refused: int
    """Not believed to be the far end's."""
    concealed: int
    """Milliseconds of audio that was made up for."""
    delay: int
    """Milliseconds that the jitter buffer holds packets, at last."""
    jitter: float
    """Interarrival jitter (RFC 3550), ms."""
    round_trip: float | None
    """From RTCP, ms."""
    drift: float | None
    """Parts in a million by which the far end's clock is fast."""
    far_lost: int | None
    """Packets of ours that never arrived, as the far end says."""
    far_jitter: float | None
    """Interarrival jitter there, ms."""
    r_factor: float | None
    """Rating of what we hear (ITU-T G.107), 0..93.2."""
    mos: float | None
    """The same as a mean opinion score, 1..4.41."""
    far_r_factor: float | None
    """Rating of what the far end hears."""
    far_mos: float | None


_SHARED: Final = tuple(field.name for field in fields(Statistics))


@router.get(
    _ONE,
    **operation(
        Operation(
            name="fetch_call_quality", summary="Fetch the quality of a call's line", names=NAMES, body=CallQuality
        )
    ),
)
async def fetch_call_quality(access: Settled, call_sid: str) -> Response:
    """Of a live call as it is now. Not found where no audio has passed."""
    live = access.ports.calls.live(CallSid(call_sid))
    seen: Statistics | QualityRow | None
    if live is not None and live.account_sid == access.account_sid:
        seen = await access.ports.calls.quality(CallSid(call_sid))
    else:
        async with access.ports.database.reading() as session:
            if await calls.get(session, access.scope, call_sid) is None:
                raise NotFound(access.path)
            seen = await qualities.get(session, call_sid)
    if seen is None or not seen.packets_sent + seen.packets_received:
        raise NotFound(f"{access.path}: no audio has passed")
    figures = {name: _rounded(getattr(seen, name)) for name in _SHARED}
    return access.one(NAMES, CallQuality(call_sid=call_sid, live=isinstance(seen, Statistics), **figures))


def _rounded(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value
