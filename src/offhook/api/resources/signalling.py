"""Signalling of a call: the SIP messages that passed between us and its far ends, as a list, a picture or a capture file.

A call that rang others shows their legs beside its own. Credentials, keys of media and pressed keys are masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from offhook.api.auth import Access
from offhook.api.errors import NotFound
from offhook.api.operations import Operation, operation, query, settled
from offhook.api.wire.bodies import Names
from offhook.calls.events import CallFacts
from offhook.records.recorder import call_facts
from offhook.sip.capture.ladder import CallLadder, Captured
from offhook.sip.capture.pcap import pcap
from offhook.sip.capture.picture import text
from offhook.sip.capture.svg import svg
from offhook.store import calls
from offhook.store.paging import Order, Page
from offhook.vocabulary.sids import CallSid

router = APIRouter()
Settled = Annotated[Access, Depends(settled)]
NAMES: Final = Names(element="SipMessage", many="SipMessages", key="sip_messages")
_ONE: Final = "/Accounts/{account_sid}/Calls/{call_sid}/Signalling"


@dataclass(frozen=True, slots=True, kw_only=True)
class SipMessage:
    """One SIP message."""

    call_sid: str
    """Of the call whose far end it was."""
    date: datetime
    milliseconds: float
    """Since the first message."""
    direction: str
    """``sent`` or ``received``."""
    transport: str
    from_: str
    to: str
    summary: str
    message: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSipMessages:
    """No filters: the list is short."""


@router.get(
    _ONE + ".pcap",
    **operation(
        Operation(
            name="fetch_call_capture",
            summary="Fetch the SIP messages of a call as a capture file",
            media="application/vnd.tcpdump.pcap",
        )
    ),
)
async def fetch_call_capture(access: Settled, call_sid: str) -> Response:
    """For Wireshark, tshark and sngrep; headers below SIP are made up."""
    ladder = await _ladder(access, call_sid)
    name = f'attachment; filename="{call_sid}.pcap"'
    return Response(
        pcap(ladder.messages), media_type="application/vnd.tcpdump.pcap", headers={"content-disposition": name}
    )


@router.get(
    _ONE + ".txt",
    **operation(Operation(name="draw_call_text", summary="Draw the SIP ladder of a call as text", media="text/plain")),
)
async def draw_call_text(access: Settled, call_sid: str) -> Response:
    """We stand in the middle, the far ends of the call that was asked for, or of its caller, to the left."""
    return Response(text(await _ladder(access, call_sid)), media_type="text/plain; charset=utf-8")


@router.get(
    _ONE + ".svg",
    **operation(Operation(name="draw_call_svg", summary="Draw the SIP ladder of a call as SVG", media="image/svg+xml")),
)
async def draw_call_svg(access: Settled, call_sid: str) -> Response:
    """As the text, with refusals in red and retransmissions dashed."""
    return Response(svg(await _ladder(access, call_sid)), media_type="image/svg+xml")


@router.get(
    _ONE,
    **operation(
        Operation(
            name="list_call_signalling",
            summary="List the SIP messages of a call",
            names=NAMES,
            body=SipMessage,
            many=True,
            asks=ListSipMessages,
        )
    ),
)
async def list_call_signalling(
    access: Settled, call_sid: str, filters: Annotated[ListSipMessages, query(ListSipMessages)]
) -> Response:
    """Oldest first, those of the calls that it rang and of the one that rang it among them."""
    messages = (await _ladder(access, call_sid)).messages
    wanted = replace(access.wanted_page(), order=Order(by="date"))
    start = wanted.number * wanted.size
    rows = messages[start : start + wanted.size]
    page = Page(rows=rows, total=len(messages), request=wanted, more=start + wanted.size < len(messages))
    return access.many(NAMES, page, _bodies(rows, messages))


async def _ladder(access: Access, sid: str) -> CallLadder:
    ladder = access.ports.ladders.of(await _facts(access, CallSid(sid)))
    if ladder is None:
        raise NotFound(f"{access.path}: the SIP messages of a call are kept for a while only (sip.ladder_keep)")
    return ladder


async def _facts(access: Access, sid: CallSid) -> CallFacts:
    live = access.ports.calls.live(sid)
    if live is not None and live.account_sid == access.account_sid:
        return live
    async with access.ports.database.reading() as session:
        row = await calls.get(session, access.scope, sid)
    if row is None:
        raise NotFound(access.path)
    return call_facts(row)


def _bodies(rows: Sequence[Captured], messages: Sequence[Captured]) -> list[SipMessage]:
    return [
        SipMessage(
            call_sid=row.leg,
            date=row.at,
            milliseconds=round((row.at - messages[0].at).total_seconds() * 1000, 1),
            direction="sent" if row.sent else "received",
            transport=row.peer.transport.value,
            from_=str(row.source),
            to=str(row.destination),
            summary=row.summary,
            message=row.text,
            bytes=row.size,
        )
        for row in rows
    ]
