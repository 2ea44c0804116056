"""A call as the API shows it, from its record or from its live state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final

from offhook.api.wire.bodies import Link, Links, Mark, Names, Quantity
from offhook.calls.events import CallFacts
from offhook.records.recorder import call_facts
from offhook.store.calls import CallRow

NAMES: Final = Names(element="Call", many="Calls", key="calls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call (one leg)."""

    sid: str
    date_created: datetime
    date_updated: datetime
    parent_call_sid: str | None
    account_sid: str
    to: str
    to_formatted: Annotated[str, Mark.ONLY_TWILIO]
    from_: str
    from_formatted: Annotated[str, Mark.ONLY_TWILIO]
    phone_number_sid: str | None
    status: str
    start_time: Annotated[datetime | None, Mark.ISO_IN_RESTCOMM]
    end_time: Annotated[datetime | None, Mark.ISO_IN_RESTCOMM]
    duration: Quantity
    ring_duration: Annotated[int | None, Mark.ONLY_RESTCOMM]
    price: str | None = None
    price_unit: str = "USD"
    direction: str
    answered_by: str | None = None
    api_version: str
    forwarded_from: str | None
    group_sid: Annotated[str | None, Mark.ONLY_TWILIO] = None
    caller_name: str | None
    queue_time: Annotated[str, Mark.ONLY_TWILIO] = "0"
    trunk_sid: str | None
    """Of the trunk that carried it, or `config:NAME` for one of the configuration file."""
    reason: str | None
    """Why it did not end ``completed``, in plain words, and where to look."""
    sip_code: int | None
    """Final SIP response, the far end's or ours; null after an answer, or when none came."""
    uri: Link
    subresource_uris: Links


def of_row(row: CallRow) -> Call:
    """A call as it was recorded."""
    return replace(of_facts(call_facts(row)), date_updated=row.date_updated)


def of_facts(facts: CallFacts) -> Call:
    """A call as it is now."""
    path = _path(facts.account_sid, facts.sid)
    return Call(
        sid=facts.sid,
        date_created=facts.created_at,
        date_updated=facts.ended_at or facts.answered_at or facts.created_at,
        parent_call_sid=facts.parent_sid,
        account_sid=facts.account_sid,
        to=facts.to,
        to_formatted=facts.to,
        from_=facts.from_,
        from_formatted=facts.from_,
        phone_number_sid=facts.number_sid,
        status=facts.status,
        start_time=facts.answered_at,
        end_time=facts.ended_at,
        duration=facts.duration,
        ring_duration=facts.ring_duration,
        direction=facts.direction,
        answered_by=facts.answered_by,
        api_version=facts.api_version,
        forwarded_from=facts.forwarded_from,
        caller_name=facts.caller_name,
        trunk_sid=facts.trunk_sid,
        reason=facts.reason,
        sip_code=facts.sip_code,
        uri=path,
        subresource_uris=_links(path),
    )


def _path(account_sid: str, sid: str) -> str:
    return f"/Accounts/{account_sid}/Calls/{sid}"


def _links(path: str) -> dict[str, str]:
    return {
        "notifications": f"{path}/Notifications",
        "recordings": f"{path}/Recordings",
        "event_stream": f"{path}/EventStream",
        "signalling": f"{path}/Signalling",
    }
