"""``offhook call``: places a real call from the terminal, shows what happens, and checks what the application said."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from offhook.cli.options import DataDir, address_or_exit, settings_or_exit
from offhook.cli.phone import AFTER_OUR_TURN, SILENT_LINE, CallFailed, Phone
from offhook.cli.ready import FILE_NAME, NotReady, Ready, read
from offhook.cli.transcript import Transcript
from offhook.media.commands import AudioFile, AudioSource, Pcm
from offhook.media.session import MediaClosed, MediaFailed
from offhook.ops.logging import configure
from offhook.ops.settings import LogSettings
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import HostPort, Transport
from offhook.sip.uri import Uri
from offhook.speech.build import build_synthesizer
from offhook.speech.settings import SpeechSettings
from offhook.speech.synthesizer import SpeechFailed, Utterance

NOT_AS_EXPECTED, NO_SERVER, NOT_ANSWERED = 1, 2, 3
"""Exit statuses; 0 is a call that was answered and went as expected."""
LAST_WORDS = 2.0
"""Seconds that the transcript may take to come to its end after the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the caller wants."""

    number: str
    server: HostPort
    transport: Transport
    secure: bool
    """Whether a SIPS URI is asked for."""
    ca_file: Path | None
    caller: str
    username: str | None
    password: str | None = field(repr=False)
    say: str
    play: Path | None
    press: tuple[str, ...]
    record: Path | None
    limit: float
    speech: SpeechSettings
    speech_cache: Path


def call(
    number: Annotated[str, typer.Argument(help="Number or client to call, or its address: sips:1000@HOST:PORT.")],
    data_dir: DataDir,
    press: Annotated[
        str, typer.Option(help="Keys to press; comma-separated groups wait until the other side is quiet; w: 0.5 s.")
    ] = "",
    say: Annotated[str, typer.Option(help="Text to speak once the other side is quiet.")] = "",
    play: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Sound file to play instead.")] = None,
    record: Annotated[Path | None, typer.Option(help="WAV file for what is heard.")] = None,
    expect: Annotated[list[str] | None, typer.Option(help="Text that the application must say; repeatable.")] = None,
    caller: Annotated[str, typer.Option("--from", help="Caller's number.")] = "+15005550006",
    user: Annotated[str | None, typer.Option(help="Call as this client.")] = None,
    password: Annotated[str | None, typer.Option(envvar="OFFHOOK_CALL_PASSWORD", help="Its password.")] = None,
    server: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="SIP server [the one of --data-dir].")] = None,
    transport: Annotated[
        Spoken | None, typer.Option(help="How SIP travels [udp; tls for sips: addresses].", show_default=False)
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Authorities to believe over TLS [of that server, or the system's]."
        ),
    ] = None,
    limit: Annotated[float, typer.Option(help="Hang up after so many seconds.")] = 120.0,
) -> None:
    """Call a number and show the call as it happens. Type keys to press them; Ctrl-C hangs up."""
    configure(LogSettings(level="error"))
    if record is not None and not os.access(record.parent, os.W_OK):
        typer.echo(f"offhook: --record: {record.parent} is no folder that can be written", err=True)
        raise typer.Exit(2)
    where = _where_or_exit(number, None if transport is None else Transport(transport.value), server)
    ready = _server_or_exit(data_dir, needed=where.server is None)
    order = Order(
        number=where.number,
        server=where.server or _listener_or_exit(ready, where.transport),
        transport=where.transport,
        secure=where.secure,
        ca_file=ca or (Path(ready.ca_file) if ready is not None and where.server is None else None),
        caller=caller,
        username=user,
        password=password,
        say=say,
        play=play,
        press=tuple(group for group in press.split(",") if group),
        record=record,
        limit=limit,
        speech=settings_or_exit(data_dir, {}).speech,
        speech_cache=data_dir / "speech",
    )
    raise typer.Exit(asyncio.run(_call(order, ready, expect or [])))


class Spoken(StrEnum):
    """What we can speak."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    number: str
    server: HostPort | None
    """None: that of ``--data-dir``."""
    transport: Transport
    secure: bool


def _where_or_exit(number: str, transport: Transport | None, server: str | None) -> _Where:
    """Whom to call, where, and how; an address says all of it unless the options do."""
    host, port = address_or_exit("--server", server)
    secure = number.lower().startswith("sips:")
    if secure or number.lower().startswith("sip:"):
        try:
            uri = Uri.parse(number)
        except RemoteProtocolError as error:
            typer.echo(f"offhook: {number} cannot be called: {error}", err=True)
            raise typer.Exit(2) from None
        transport = transport or Transport.asked(uri.scheme, uri.transport)
        if transport is None or transport.web or (secure and not transport.secure):
            typer.echo(
                f"offhook: {number} cannot be called so: a phone speaks udp, tcp and tls; sips: is tls", err=True
            )
            raise typer.Exit(2)
        if host is None:
            host, port = uri.address, uri.port or transport.default_port
        number = str(Uri(user=uri.user, host="h")).removeprefix("sip:").removesuffix("@h")
    at = None if host is None or port is None else HostPort(host, port)
    return _Where(number=number, server=at, transport=transport or Transport.UDP, secure=secure)


def _listener_or_exit(ready: Ready | None, transport: Transport) -> HostPort:
    """Where the server of the data directory speaks ``transport``."""
    assert ready is not None
    if transport.value not in ready.sip:
        typer.echo(
            f"offhook: this server does not listen for SIP over {transport.value}; set sip.listen_{transport.value}",
            err=True,
        )
        raise typer.Exit(NO_SERVER)
    host, port = address_or_exit("--server", ready.sip[transport.value])
    assert host is not None
    assert port is not None
    return HostPort(host, port)


def _server_or_exit(data_dir: Path, *, needed: bool) -> Ready | None:
    try:
        ready = read(data_dir / FILE_NAME)
        if not ready.alive:
            raise NotReady(
                f"The server of {data_dir} (pid {ready.pid}) is not running any more. Start it: offhook serve."
            )
        return ready
    except NotReady as error:
        if not needed:
            return None
        typer.echo(f"offhook: {error}", err=True)
        raise typer.Exit(NO_SERVER) from None


def _show(line: str) -> None:
    typer.echo(f"{line}\r" if sys.stdin.isatty() else line)


async def _call(order: Order, ready: Ready | None, expected: list[str]) -> int:
    transcript = Transcript(ready, _show) if ready is not None else None
    _show(f"calling {order.number} …")
    try:
        async with Phone(local=_own_address(order.server.host), ca_file=order.ca_file) as phone:
            conversation = _Conversation(phone, order, transcript)
            answered = await conversation.run()
    except CallFailed as failure:
        _show(f"failed: {failure}")
        return NOT_ANSWERED
    if not answered:
        return NOT_ANSWERED
    said = " ".join(transcript.said) if transcript is not None else ""
    missing = [text for text in expected if text.lower() not in said.lower()]
    for text in missing:
        _show(f"the application did not say: {text!r}")
    return NOT_AS_EXPECTED if missing or conversation.broken else 0


def _own_address(server: str) -> str:
    """What to bind so that ``server`` can be reached: on this machine nothing else needs to reach us."""
    if server.startswith("127."):
        return "127.0.0.1"
    return "::" if ":" in server else "0.0.0.0"  # noqa: S104 - a telephone is called back at its address


class _Conversation:
    """One call from dialling to its end."""

    def __init__(self, phone: Phone, order: Order, transcript: Transcript | None) -> None:
        self._phone = phone
        self._order = order
        self._transcript = transcript
        self._following: asyncio.Task[None] | None = None
        self.broken = False
        """Whether something that the caller wanted to say or press could not be."""

    async def run(self) -> bool:
        """Whether it was answered. The caller hangs up at Ctrl-C, and when the time is over."""
        order = self._order
        await self._phone.dial(
            order.number,
            order.server,
            order.transport,
            secure=order.secure,
            caller=order.caller,
            username=order.username,
            password=order.password,
        )
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, over.set)
        loop.call_later(order.limit, over.set)
        async with asyncio.TaskGroup() as tasks:
            stopping = tasks.create_task(self._hang_up_when(over))
            answered = await self._follow(tasks)
            stopping.cancel()
            if self._following is not None:
                await asyncio.wait({self._following}, timeout=LAST_WORDS)
                self._following.cancel()
        return answered

    async def _hang_up_when(self, over: asyncio.Event) -> None:
        await over.wait()
        _show("hanging up")
        await self._phone.hangup()

    async def _follow(self, tasks: asyncio.TaskGroup) -> bool:
        answered = False
        acting: asyncio.Task[None] | None = None
        while True:
            progress = await self._phone.progress.get()
            _show(progress.word if progress.word != "ended" else f"ended: {progress.detail}")
            if progress.call_sid and self._transcript is not None and self._following is None:
                self._following = tasks.create_task(self._transcript.follow(progress.call_sid))
            if progress.word == "answered":
                answered = True
                acting = tasks.create_task(self._act())
            elif progress.word == "ended":
                if acting is not None:
                    acting.cancel()
                return answered

    async def _act(self) -> None:
        """Listen, speak and press in turn, like a person: nobody talks while the other side does."""
        phone, order = self._phone, self._order
        try:
            if order.record is not None:
                phone.media.start_record(str(order.record.resolve()))
            with _typed_keys(phone.press_soon):
                speech = await self._speech()
                if speech is not None:
                    await phone.other_side_is_quiet()
                    _show(f"you say “{order.say}”" if order.say else f"you play {order.play}")
                    await phone.media.play(speech)
                patience = SILENT_LINE if speech is None else AFTER_OUR_TURN
                for keys in order.press:
                    await phone.other_side_is_quiet(patience)
                    _show(f"you press {keys}")
                    await phone.press(keys)
                    patience = SILENT_LINE
                await asyncio.Event().wait()
        except MediaClosed:
            return
        except (MediaFailed, SpeechFailed) as failure:
            _show(f"  ({failure})")
            self.broken = True
            await self._phone.hangup()

    async def _speech(self) -> AudioSource | None:
        if self._order.play is not None:
            return AudioFile(path=str(self._order.play.resolve()))
        if not self._order.say:
            return None
        synthesizer = build_synthesizer(self._order.speech, cache=self._order.speech_cache)
        try:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(synthesizer.run())
                for _ in range(3):  # the chain, the cache and the engine start one after the other
                    await asyncio.sleep(0)
                try:
                    speech = await synthesizer.synthesize(Utterance(text=self._order.say))
                finally:
                    running.cancel()
        except* SpeechFailed as failures:
            raise SpeechFailed(str(failures.exceptions[0])) from failures
        return Pcm(data=speech.pcm, rate=speech.rate)


@contextlib.contextmanager
def _typed_keys(press: Callable[[str], None]) -> Iterator[None]:
    """While inside, keys typed at the terminal are pressed on the phone; without a terminal nothing happens."""
    if not sys.stdin.isatty():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()

    def typed() -> None:
        for key in os.read(descriptor, 64).decode(errors="replace").upper():
            if key in "0123456789*#ABCD":
                _show(f"you press {key}")
                press(key)

    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, typed)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
