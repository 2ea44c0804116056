"""``offhook doctor``: looks at everything that a server needs, and says how to mend what is wrong."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import typer

from offhook.api import tls
from offhook.calls.trunks.findings import Finding
from offhook.cli.doctor_trunks import look_at_trunks
from offhook.cli.options import DataDir, settings_or_exit
from offhook.cli.ready import FILE_NAME, NotReady, Ready, read
from offhook.config import Settings
from offhook.media.commands import CloseSession, CommandId, OpenSession, SessionId
from offhook.media.events import Event, Failed
from offhook.security.certificates import TlsError
from offhook.sip.settings import Listener
from offhook.speech.build import PROVIDERS
from offhook.speech.synthesizer import SpeechFailed, Utterance
from offhook.store.engine import StoreError, open_database
from offhook.vocabulary.clock import SystemClock

MEDIA_TIMEOUT = 5.0


def doctor(data_dir: DataDir) -> None:
    """Check ports, certificate, database, media, speech engines and trunks. Exit status 1 when something is wrong."""
    settings = settings_or_exit(data_dir, {})
    wrong = asyncio.run(_examine(settings))
    raise typer.Exit(1 if wrong else 0)


async def _examine(settings: Settings) -> int:
    wrong = 0
    async for finding in examine(settings):
        typer.echo(f"{'ok  ' if finding.fine else 'FAIL'}  {finding.subject:<12} {finding.text}")
        if not finding.fine:
            wrong += 1
            typer.echo(f"      {'':<12} → {finding.mend}")
    typer.echo("everything is fine" if not wrong else f"{wrong} to mend")
    return wrong


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """One finding after the other, as they are made."""
    yield look_at_directory(settings.data_dir)
    running = _running(settings.data_dir)
    for finding in look_at_ports(settings, running):
        yield finding
    yield look_at_certificate(settings)
    yield await look_at_database(settings)
    yield await look_at_media(settings)
    for name in settings.speech.providers:
        yield await look_at_speech(settings, name)
    for finding in await look_at_trunks(settings, running):
        yield finding


def look_at_directory(data_dir: Path) -> Finding:
    """Whether the data directory can be written and nobody else can read it."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = data_dir / ".doctor"
        probe.touch()
        probe.unlink()
    except OSError as error:
        mend = f"make {data_dir} writable for this user, or choose another with --data-dir"
        return Finding(subject="data", fine=False, text=str(error), mend=mend)
    if data_dir.stat().st_mode & 0o077:
        return Finding(
            subject="data", fine=False, text=f"{data_dir} can be read by others", mend=f"chmod 700 {data_dir}"
        )
    return Finding(subject="data", fine=True, text=str(data_dir))


def look_at_ports(settings: Settings, running: Ready | None) -> list[Finding]:
    """Whether the ports are free, or are held by the server of this very data directory."""
    if running is not None:
        text = f"a server is running (pid {running.pid}) on {running.api} and {running.sip}"
        return [Finding(subject="ports", fine=True, text=text)]
    host, port = settings.sip.listen
    wanted = [
        ("HTTPS", settings.api.host, settings.api.port, socket.SOCK_STREAM, "--http"),
        ("SIP/UDP", host, port, socket.SOCK_DGRAM, "--sip"),
        ("SIP/TCP", host, port, socket.SOCK_STREAM, "--sip"),
        *(_wanted(listener) for listener in settings.sip.further),
        ("RTP", settings.media.host or host, settings.media.port_low, socket.SOCK_DGRAM, "OFFHOOK_MEDIA_PORT_LOW"),
    ]
    return [_port(*each) for each in wanted]


def _wanted(listener: Listener) -> tuple[str, str, int, socket.SocketKind, str]:
    kind = socket.SOCK_STREAM if listener.transport.reliable else socket.SOCK_DGRAM
    return f"SIP/{listener.transport.upper()}", *listener.listen, kind, "its sip.listen setting"


def _port(subject: str, host: str, port: int, kind: socket.SocketKind, option: str) -> Finding:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        mend = f"stop what uses it (ss -lnp | grep {port}), or choose another with {option}"
        return Finding(subject=subject, fine=False, text=f"{host}:{port}: {error.strerror}", mend=mend)
    return Finding(subject=subject, fine=True, text=f"{host}:{port} is free")


def look_at_certificate(settings: Settings) -> Finding:
    """Whether there is a certificate that can be served, and from where."""
    try:
        certificate = tls.configured(settings.api, settings.sip, settings.data_dir / "tls", clock=SystemClock())
        certificate.outgoing.context()
    except (TlsError, ssl.SSLError, OSError) as error:
        mend = (
            "correct --tls-cert and --tls-key and the sip.tls_ settings, or remove the tls folder in the data directory: "
            "it is made anew"
        )
        return Finding(subject="certificate", fine=False, text=str(error), mend=mend)
    return Finding(subject="certificate", fine=True, text=f"authority {certificate.ca_file}")


async def look_at_database(settings: Settings) -> Finding:
    """Whether the database answers and has its tables."""
    try:
        database = await open_database(settings.store, settings.data_dir)
    except StoreError as error:
        mend = "start the database and correct OFFHOOK_STORE_URL; SQLite needs a writable data directory"
        return Finding(subject="database", fine=False, text=str(error), mend=mend)
    shown = database.engine.url.render_as_string(hide_password=True)
    await database.close()
    return Finding(subject="database", fine=True, text=shown)


async def look_at_media(settings: Settings) -> Finding:
    """Whether the media engine loads and opens a port."""
    mend = "run `make setup` again (it builds the engine), or free UDP ports with OFFHOOK_MEDIA_PORT_LOW and _HIGH"
    try:
        from offhook.media.native import NativeEngine  # noqa: PLC0415 - that it cannot be loaded is a finding
    except ImportError as error:
        return Finding(subject="media", fine=False, text=f"the engine cannot be loaded: {error}", mend=mend)
    engine = NativeEngine(settings.media)
    answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()

    def take(events: Sequence[Event]) -> None:
        if not answer.done():
            answer.set_result(events[0])

    engine.listen(take)
    try:
        host = settings.media.host or settings.sip.listen[0]
        engine.send(OpenSession(id=CommandId(1), session=SessionId(1), host=host))
        async with asyncio.timeout(MEDIA_TIMEOUT):
            event = await answer
        engine.send(CloseSession(id=CommandId(2), session=SessionId(1)))
    except TimeoutError:
        return Finding(subject="media", fine=False, text="the engine does not answer", mend=mend)
    finally:
        await engine.close()
    if isinstance(event, Failed):
        return Finding(subject="media", fine=False, text=event.reason, mend=mend)
    low, high = settings.media.port_low, settings.media.port_high
    return Finding(subject="media", fine=True, text=f"the engine opens RTP ports in {low}-{high}")


async def look_at_speech(settings: Settings, name: str) -> Finding:
    """Whether the engine speaks."""
    synthesizer = PROVIDERS[name](settings.speech)
    subject = f"speech/{name}"
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(synthesizer.run())
            try:
                speech = await synthesizer.synthesize(Utterance(text="hello"))
            finally:
                running.cancel()
    except* SpeechFailed as failures:
        mend = "run `make setup` again, or take it out of OFFHOOK_SPEECH_PROVIDERS"
        return_text = str(failures.exceptions[0])
        finding = Finding(subject=subject, fine=False, text=return_text, mend=mend)
    else:
        seconds = len(speech.pcm) / 2 / speech.rate
        finding = Finding(subject=subject, fine=True, text=f"says hello in {seconds:.1f} s of audio")
    return finding


def _running(data_dir: Path) -> Ready | None:
    """The server of this data directory, if it is alive."""
    try:
        ready = read(data_dir / FILE_NAME)
        return ready if ready.alive else None
    except NotReady:
        return None
