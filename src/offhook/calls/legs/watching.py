"""Subscriptions of clients: to the calls and the presence of others of their organization, to their own message count.

The lamps of desk phones (BLF) are these. Voice messages are not kept here, so that their count is honestly nought.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from offhook.calls.directory import ClientEntry, Directory
from offhook.calls.messages import Contacts
from offhook.calls.presence import ClientCall, Presence, address_of
from offhook.sip.documents import DIALOG_INFO, MESSAGE_SUMMARY, PIDF, DialogState, dialog_info, message_summary, pidf
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.events import SubscribeReceived, SubscriptionHandle
from offhook.sip.signalling import Signalling
from offhook.sip.uri import Uri

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    """One subscription."""

    by: str
    of: str
    tell: Callable[[], None]


class Watching:
    """Answers SUBSCRIBE, and tells what changes."""

    def __init__(
        self,
        signalling: Signalling,
        directory: Directory,
        presence: Presence,
        *,
        contacts: Contacts,
        lookup_timeout: float,
        max_per_client: int,
    ) -> None:
        """``contacts`` says where a client is registered; ``max_per_client`` bounds what one of them watches."""
        self._signalling = signalling
        self._directory = directory
        self._presence = presence
        self._contacts = contacts
        self._lookup_timeout = lookup_timeout
        self._max_per_client = max_per_client
        self._watches: dict[SubscriptionHandle, _Watch] = {}
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._watches)

    async def subscribe(self, event: SubscribeReceived, client: ClientEntry) -> None:
        """Answer a SUBSCRIBE of a client."""
        by = address_of(client)
        try:
            of = await self._target(event.request.target, client)
        except (TimeoutError, RemoteProtocolError):
            self._signalling.refuse_subscription(event.handle, 503)
            return
        if of is None:
            self._signalling.refuse_subscription(event.handle, 404)
        elif event.package == "message-summary" and of != by:
            self._signalling.refuse_subscription(event.handle, 403)
        elif self._counts[by] >= self._max_per_client:
            log.warning("too_many_subscriptions", client=client.client_sid, limit=self._max_per_client)
            self._signalling.refuse_subscription(event.handle, 403)
        else:
            self._begin(event, by, of)

    def ended(self, handle: SubscriptionHandle) -> None:
        """Forget one that is over; those of transfers are not known here."""
        watch = self._watches.pop(handle, None)
        if watch is not None:
            self._counts[watch.by] -= 1
            if not self._counts[watch.by]:
                del self._counts[watch.by]
            self._presence.unwatch(watch.of, watch.tell)

    def _begin(self, event: SubscribeReceived, by: str, of: str) -> None:
        handle, entity = event.handle, f"sip:{of}"

        def tell() -> None:
            match event.package:
                case "dialog":
                    self._signalling.notify(handle, DIALOG_INFO, lambda version: self._dialogs(entity, of, version))
                case "presence":
                    self._signalling.notify(handle, PIDF, lambda _version: self._pidf(entity, of))
                case _:
                    self._signalling.notify(handle, MESSAGE_SUMMARY, lambda _version: message_summary(entity))

        self._watches[handle] = _Watch(by=by, of=of, tell=tell)
        self._counts[by] += 1
        self._presence.watch(of, tell)
        self._signalling.accept_subscription(handle)
        tell()

    async def _target(self, target: Uri, client: ClientEntry) -> str | None:
        """Whom it is about: a client of the same organization; without a name the one who asks."""
        if not target.user:
            return address_of(client)
        async with asyncio.timeout(self._lookup_timeout):
            found = await self._directory.client(target.number, target.host or None)
        return None if found is None or found.domain != client.domain else address_of(found)

    def _dialogs(self, entity: str, of: str, version: int) -> bytes:
        domain = of.rpartition("@")[2]
        return dialog_info(entity, version, [_state(call, domain) for call in self._presence.calls(of)])

    def _pidf(self, entity: str, of: str) -> bytes:
        login, _, domain = of.rpartition("@")
        busy = any(call.answered for call in self._presence.calls(of))
        return pidf(entity, open=bool(self._contacts(login, domain)), note="On the phone" if busy else "")


def _state(call: ClientCall, domain: str) -> DialogState:
    name = call.dialog
    return DialogState(
        id=call.sid,
        confirmed=call.answered,
        initiator=call.placed,
        remote=_uri(call.other, domain),
        names=None if name is None else (name.call_id, name.our_tag, name.their_tag),
    )


def _uri(party: str, domain: str) -> str:
    if party.startswith(("sip:", "sips:")):
        return party
    return str(Uri(user=party.removeprefix("client:"), host=domain))
