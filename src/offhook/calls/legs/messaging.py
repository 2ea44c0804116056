"""SIP MESSAGE both ways (RFC 3428): texts of clients to ``messages``, and what that sends to the devices of a client."""

from __future__ import annotations

import asyncio

import structlog

from offhook.calls.directory import ClientEntry
from offhook.calls.leg import Contact
from offhook.calls.messages import Messages, TextMessage
from offhook.sip.errors import RemoteProtocolError, SipError
from offhook.sip.events import MessageAnswered, MessageReceived, RequestHandle
from offhook.sip.flow import Flow
from offhook.sip.signalling import InstantMessage, Signalling

log = structlog.get_logger(__name__)


class Messaging:
    """Implements ``Post`` of ``messages`` on the endpoint."""

    def __init__(self, signalling: Signalling, messages: Messages) -> None:
        self._signalling = signalling
        self._messages = messages
        self._open: dict[RequestHandle, asyncio.Future[int | None]] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def receive(self, event: MessageReceived, sender: ClientEntry) -> None:
        """Answer a MESSAGE of a client with what became of it."""
        request = event.request
        try:
            to, from_ = request.target, request.from_
        except RemoteProtocolError as error:
            self._signalling.reply(event.handle, error.status_hint)
            return
        message = TextMessage(
            sender=sender,
            sender_name=from_.display_name,
            to_user=to.number,
            to_domain=to.host,
            content_type=request.get("content-type") or "",
            body=request.body,
        )
        verdict = await self._messages.deliver(message, self.send)
        self._signalling.reply(event.handle, verdict.code, verdict.reason)

    def answered(self, event: MessageAnswered) -> None:
        """Take the answer to one of ours; one that came too late is nobody's."""
        waiting = self._open.get(event.handle)
        if waiting is not None and not waiting.done():
            waiting.set_result(event.code)

    async def send(self, message: TextMessage, contact: Contact) -> int:
        """Send it to one device; the final status, 408 when none came."""
        sender = message.sender
        try:
            handle = self._signalling.message(
                InstantMessage(
                    target=contact.uri,
                    from_uri=f"sip:{sender.login}@{sender.domain}",
                    from_name=message.sender_name,
                    to_uri=f"sip:{message.to_user}@{sender.domain}",
                    destination=contact.route if isinstance(contact.route, Flow) else None,
                    content_type=message.content_type,
                    body=message.body,
                )
            )
        except SipError as error:
            log.info("message_not_sent", client=sender.client_sid, reason=str(error))
            return 503
        waiting = self._open[handle] = asyncio.get_running_loop().create_future()
        try:
            return await waiting or 408
        finally:
            del self._open[handle]
