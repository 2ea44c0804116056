"""A telephone for the terminal, on our own SIP and media modules: one call, what it hears, what it says."""

from __future__ import annotations

import array
import asyncio
import contextlib
import random
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from offhook.calls.legs.causes import OURS, FarEnd, explain
from offhook.calls.legs.negotiation import MediaAddresses, Negotiation
from offhook.media.native import NativeEngine
from offhook.media.session import MediaFailed, MediaSession, Sessions
from offhook.media.settings import MediaSettings
from offhook.sip import events as sip
from offhook.sip.asyncio.driver import SipDriver
from offhook.sip.errors import RemoteProtocolError, SipError
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.message import Message, Response
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Invitation

PORTS = (50_000, 59_999)
"""For audio: away from those of a server on the same machine."""
LOUD = 300
"""Sample value above which there is sound; line noise and comfort noise stay below."""
QUIET = 0.7
"""Seconds without sound after which the other side is taken to have finished talking."""
SILENT_LINE = 4.0
"""Seconds after which a line that says nothing at all is taken to be waiting."""
AFTER_OUR_TURN = 1.0
"""Seconds that the other side gets to answer what we said, before we go on."""
CHUNK_MS = 100


class CallFailed(Exception):
    """The call did not come about; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Something happened to the call."""

    word: str
    """``ringing``, ``answered`` or ``ended``."""
    call_sid: str | None = None
    """How the server names the call."""
    detail: str = ""


class Phone:
    """An async context manager. One call at a time; keys and audio through ``media``."""

    def __init__(self, *, local: str, ca_file: Path | None = None) -> None:
        """``local``: address to bind, an IP literal. ``ca_file``: authorities to believe over TLS, the system's when None."""
        self.progress: asyncio.Queue[Progress] = asyncio.Queue(100)
        self._media_settings = MediaSettings(
            host=local, port_low=PORTS[0], port_high=PORTS[1], browser_port=0, shards=1
        )
        self._sip_settings = SipSettings(listen=(local, 0), user_agent="offhook-call", tls_ca=ca_file)
        bits = random.SystemRandom().getrandbits
        self._sessions = Sessions(NativeEngine(self._media_settings))
        self._driver = SipDriver(self._sip_settings, self._hear, random_bits=bits)
        addresses = MediaAddresses(media=self._media_settings, sip=self._sip_settings)
        self._negotiation = Negotiation(self._sessions.create(), addresses, bits)
        self._tasks = asyncio.TaskGroup()
        self._call: sip.CallHandle | None = None
        self._server = FarEnd(uri="", ways=())
        self._over = asyncio.Event()
        self._untold: Message | None = None
        """The answer, until its audio is set up and it is told."""

    async def __aenter__(self) -> Self:
        await self._driver.__aenter__()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hangup()
        await self._tasks.__aexit__(None, None, None)
        await self._sessions.close()
        await self._driver.__aexit__(None, None, None)

    @property
    def media(self) -> MediaSession:
        """Audio of the call."""
        return self._negotiation.session

    async def dial(
        self,
        number: str,
        server: HostPort,
        transport: Transport,
        *,
        secure: bool = False,
        caller: str,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        """Ring ``number`` at ``server``, by a SIPS URI if ``secure``; ``progress`` tells what comes of it. Raises ``CallFailed``."""
        flow = Flow(transport, server.host, server.port)
        self._server = FarEnd(uri=f"{number} at {server}", ways=(flow,))
        try:
            local = self._driver.local_address(flow)
            self._negotiation.signalled_over(flow)
            await self._negotiation.open(local.host)
            self._call = self._driver.invite(
                Invitation(
                    target=f"{'sips' if secure else 'sip'}:{number}@{server}",
                    from_uri=f"sip:{username or caller}@{local}",
                    destination=flow,
                    sdp=self._negotiation.offer(),
                    username=username,
                    password=password,
                )
            )
        except (SipError, MediaFailed, OSError) as error:
            raise CallFailed(str(error)) from error

    async def press(self, keys: str) -> None:
        """Send keys as RFC 4733 events; ``w`` waits half a second."""
        await self.media.send_digits(keys)

    def press_soon(self, key: str) -> None:
        """Press a key without waiting for its end; one that the end of the call cuts off is nobody's trouble."""
        self._tasks.create_task(self._press_if_possible(key))

    async def _press_if_possible(self, key: str) -> None:
        with contextlib.suppress(MediaFailed):
            await self.press(key)

    async def other_side_is_quiet(self, patience: float = SILENT_LINE) -> None:
        """Wait until the other side has said something and finished, or has said nothing for ``patience`` seconds."""
        heard = False
        quiet = 0.0
        async with self.media.tap(chunk=CHUNK_MS) as chunks:
            async for chunk in chunks:
                samples = array.array("h", chunk.data)
                if any(abs(sample) > LOUD for sample in samples):
                    heard, quiet = True, 0.0
                else:
                    quiet += CHUNK_MS / 1000
                if quiet >= (QUIET if heard else patience):
                    return

    async def hangup(self) -> None:
        """End the call, if there is one, and wait until that is through."""
        if self._call is not None and not self._over.is_set():
            self._driver.hangup(self._call)
            async with asyncio.timeout(self._sip_settings.hangup_patience + 1):
                await self._over.wait()

    def _hear(self, event: sip.Event) -> None:
        match event:
            case sip.CallRinging(response=response, sdp=sdp):
                if sdp is not None:
                    self._tasks.create_task(self._connect(sdp, None))
                self._tell("ringing", response)
            case sip.CallAnswered(response=response, sdp=sdp):
                self._untold = response
                self._tasks.create_task(self._connect(sdp, response))
            case sip.CallEnded(cause=cause, code=code, message=message):
                self._over.set()
                if self._untold is not None:  # it was picked up and hung up before its audio was set up
                    self._tell_answered(self._untold)
                detail = f"{code} {_reason(message)}" if code and message is not None else ""
                self._tell("ended", message, detail or explain(event, self._server) or cause.value)
            case sip.IncomingCall(call=call):
                self._driver.refuse(call, 486)
            case sip.RegisterReceived(handle=handle):
                self._driver.reply(handle, 405)
            case sip.OfferReceived(call=call, offer=offer):
                self._answer_offer(call, offer)
            case _:
                pass

    def _answer_offer(self, call: sip.CallHandle, offer: bytes | None) -> None:
        try:
            sdp, agreement = self._negotiation.answer(offer) if offer else (self._negotiation.offer(), None)
        except RemoteProtocolError:
            self._driver.refuse_offer(call)
            return
        self._driver.accept_offer(call, sdp)
        if agreement is not None:
            self._tasks.create_task(self._negotiation.follow(agreement))

    async def _connect(self, sdp: bytes | None, answered_by: Message | None) -> None:
        try:
            await self._negotiation.follow(self._negotiation.agree(sdp))
        except (RemoteProtocolError, MediaFailed) as error:
            if answered_by is not None and self._call is not None:
                self._untold = None
                self._driver.hangup(self._call)
                self._tell("ended", answered_by, f"no audio: {error}")
            return
        if answered_by is not None and self._untold is not None:
            self._tell_answered(answered_by)

    def _tell_answered(self, response: Message) -> None:
        self._untold = None
        self._tell("answered", response)

    def _tell(self, word: str, message: Message | None, detail: str = "") -> None:
        sid = None if message is None else message.get("X-RestComm-CallSid")
        self.progress.put_nowait(Progress(word=word, call_sid=sid, detail=detail))


def _reason(message: Message) -> str:
    """What the server says, and where to look if that says nothing more than its code."""
    if not isinstance(message, Response):
        return ""
    said = "; ".join(reason.text for reason in message.reasons if reason.text)
    cause = OURS.get(message.status)
    look = f" (look at: {cause.look})" if cause is not None and cause.look else ""
    return f"{message.reason}: {said or ('' if cause is None else cause.what)}{look}"
