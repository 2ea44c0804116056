"""Requests of clients outside calls: who asks is proved first, then REFER goes to its call, MESSAGE to whom it is for,
SUBSCRIBE to ``watching``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import structlog

from offhook.calls.admission import Admission
from offhook.calls.directory import Directory
from offhook.calls.leg import DialogName
from offhook.calls.legs.messaging import Messaging
from offhook.calls.legs.referral import SipReferral
from offhook.calls.legs.sip import SipLeg, Spawn
from offhook.calls.legs.watching import Watching
from offhook.calls.messages import Contacts, Messages
from offhook.calls.presence import Presence, address_of
from offhook.calls.settings import CallSettings
from offhook.sip import events as sip
from offhook.sip.signalling import Signalling

log = structlog.get_logger(__name__)

Event = sip.ReferReceived | sip.SubscribeReceived | sip.SubscriptionEnded | sip.MessageReceived | sip.MessageAnswered


class Requests:
    """Takes each to whom it concerns."""

    def __init__(
        self,
        signalling: Signalling,
        admission: Admission,
        messaging: Messaging,
        watching: Watching,
        presence: Presence,
        *,
        spawn: Spawn,
        leg: Callable[[DialogName], SipLeg | None],
    ) -> None:
        self._signalling = signalling
        self._admission = admission
        self._messaging = messaging
        self._watching = watching
        self._presence = presence
        self._spawn = spawn
        self._leg = leg

    @classmethod
    def wired(
        cls,
        signalling: Signalling,
        admission: Admission,
        directory: Directory,
        presence: Presence,
        settings: CallSettings,
        *,
        spawn: Spawn,
        leg: Callable[[DialogName], SipLeg | None],
        contacts: Contacts,
    ) -> Requests:
        """With all that it needs around it; ``contacts`` says where a client is registered."""
        messages = Messages(
            directory, contacts, lookup_timeout=settings.lookup_timeout, patience=settings.message_patience
        )
        watching = Watching(
            signalling,
            directory,
            presence,
            contacts=contacts,
            lookup_timeout=settings.lookup_timeout,
            max_per_client=settings.max_subscriptions_per_client,
        )
        messaging = Messaging(signalling, messages)
        return cls(signalling, admission, messaging, watching, presence, spawn=spawn, leg=leg)

    @property
    def idle(self) -> bool:
        """Whether nothing of ours waits for an answer."""
        return not self._messaging

    def hear(self, event: Event) -> None:
        """Take an event of the endpoint, in order."""
        match event:
            case sip.ReferReceived():
                self._spawn(self._refer(event))
            case sip.SubscribeReceived():
                self._spawn(self._subscribe(event))
            case sip.SubscriptionEnded():
                self._watching.ended(event.handle)
            case sip.MessageReceived():
                self._spawn(self._message(event))
            case sip.MessageAnswered():
                self._messaging.answered(event)
            case never:
                assert_never(never)

    async def _refer(self, event: sip.ReferReceived) -> None:
        """A REFER outside of dialogs is about the dialog that it names (RFC 4538), else about the one call of whoever asks, besides
        that which it wants replaced. Nobody is called for a client who is in no call (403), nor is it guessed which of
        several he means (485).
        """
        handle, about = event.handle, event.about
        client = await self._admission.client(
            event, self._signalling, lambda code: self._signalling.refuse_refer(handle, code)
        )
        if client is None:
            return
        referral = SipReferral(self._signalling, event, client)
        if about is not None:
            names = [DialogName(call_id=about.call_id, our_tag=about.remote_tag, their_tag=about.local_tag)]
        else:
            own = (call.dialog for call in self._presence.calls(address_of(client)) if call.answered)
            names = [name for name in own if name is not None and name != referral.replaces]
        leg = self._leg(names[0]) if len(names) == 1 else None
        if leg is not None:
            leg.refer(referral)
        else:
            self._signalling.refuse_refer(handle, 485 if len(names) > 1 else 481 if names else 403)

    async def _subscribe(self, event: sip.SubscribeReceived) -> None:
        handle = event.handle
        client = await self._admission.client(
            event, self._signalling, lambda code: self._signalling.refuse_subscription(handle, code)
        )
        if client is not None:
            await self._watching.subscribe(event, client)

    async def _message(self, event: sip.MessageReceived) -> None:
        client = await self._admission.client(
            event, self._signalling, lambda code: self._signalling.reply(event.handle, code)
        )
        if client is not None:
            await self._messaging.receive(event, client)
