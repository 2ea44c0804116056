"""Text messages between clients: who gets them, and what the sender is told. It knows no SIP.

A message to a client goes to all its devices; one that is delivered to any of them is delivered. Messages to numbers
belong to a port of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from offhook.calls.directory import ClientEntry, Directory
from offhook.calls.leg import Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage:
    """A message of a client that has proved itself."""

    sender: ClientEntry
    sender_name: str = ""
    to_user: str
    """A login or a number, as it was dialled."""
    to_domain: str
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the sender is told: a SIP status, and its own reason phrase where the usual one says too little."""

    code: int
    reason: str = ""


Send = Callable[[TextMessage, Contact], Awaitable[int]]
"""Sends a message to one device and waits for its final status."""

Contacts = Callable[[str, str], Sequence[Contact]]
"""Where a client (login, domain) is registered now."""

ToNumber = Callable[[TextMessage], Awaitable[Verdict]]
"""Takes a message to something that is no client."""


async def not_carried(message: TextMessage) -> Verdict:
    """Takes messages to numbers where nothing carries them."""
    return Verdict(code=404, reason="Messages to numbers are not carried here")


class Messages:
    """Delivers messages."""

    def __init__(
        self,
        directory: Directory,
        contacts: Contacts,
        *,
        lookup_timeout: float,
        patience: float,
        to_number: ToNumber = not_carried,
    ) -> None:
        """``patience``: seconds that the sender waits for devices to answer before it is told 202."""
        self._directory = directory
        self._contacts = contacts
        self._lookup_timeout = lookup_timeout
        self._patience = patience
        self._to_number = to_number

    async def deliver(self, message: TextMessage, send: Send) -> Verdict:
        """Send it to everybody whom it is for."""
        sender = message.sender
        if not message.body or not message.content_type:
            return Verdict(code=400, reason="A message without content")
        try:
            async with asyncio.timeout(self._lookup_timeout):
                client = await self._directory.client(message.to_user, message.to_domain or None)
        except TimeoutError:
            return Verdict(code=503)
        if client is None:
            return await self._to_number(message)
        if client.domain != sender.domain or not client.active:
            return Verdict(code=404)  # also for other organizations, which do not learn who is there
        contacts = self._contacts(client.login, client.domain)
        if not contacts:
            return Verdict(code=480, reason=f"{client.login} is not registered")
        return await self._send(message, contacts, send)

    async def _send(self, message: TextMessage, contacts: Sequence[Contact], send: Send) -> Verdict:
        """To all devices at once. The first that takes it decides; when none does, the last refusal is told."""
        async with asyncio.TaskGroup() as tasks:
            under_way = {tasks.create_task(_sent(send, message, contact)) for contact in contacts}
            refusal = 480
            try:
                async with asyncio.timeout(self._patience):
                    for sending in asyncio.as_completed(under_way):
                        code = await sending
                        if code < 300:
                            return Verdict(code=200)
                        refusal = code
            except TimeoutError:
                return Verdict(code=202)
            finally:
                for task in under_way:
                    task.cancel()
        return Verdict(code=refusal if refusal >= 400 else 480)


async def _sent(send: Send, message: TextMessage, contact: Contact) -> int:
    return await send(message, contact)
