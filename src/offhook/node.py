"""The composition root: builds one node out of its parts, in order, and takes it apart again. It alone knows everybody."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from offhook import __version__
from offhook.api import tls
from offhook.api.app import create_app
from offhook.api.lockout import Lockout
from offhook.api.ports import Ports
from offhook.api.server import ApiServer, ListenError
from offhook.api.transcripts import Transcripts
from offhook.blobs.recordings import RecordingFiles
from offhook.calls.active import Surroundings
from offhook.calls.legs.line_up import line_up
from offhook.calls.switchboard import Switchboard
from offhook.config import Settings
from offhook.media.native import NativeEngine
from offhook.media.session import Sessions
from offhook.outbound.client import HttpClient
from offhook.rcml.script import RcmlScript
from offhook.records.directory import StoreDirectory
from offhook.records.journal import Journal, Writer
from offhook.records.recorder import Recorder
from offhook.records.recording_urls import RecordingUrls
from offhook.records.recovery import recover
from offhook.security.egress import Egress, EgressError
from offhook.security.passwords import Passwords
from offhook.security.secrets import Keyring, SecretsError
from offhook.sip.asyncio.driver import SipDriver
from offhook.speech.build import build_synthesizer
from offhook.store.engine import StoreError, open_database
from offhook.store.first_start import Administrator, administrator
from offhook.vocabulary.clock import SystemClock
from offhook.vocabulary.sids import SidSource
from offhook.webhooks.delivery import Delivery


class StartFailed(Exception):
    """The node cannot start; the message says what is wrong and what to do."""


class Node:
    """One running server. An async context manager: everything listens once entered, nothing is left once left."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._clock = SystemClock()
        self._random = random.SystemRandom()

    async def __aenter__(self) -> Self:
        try:
            await self._build()
        except (StoreError, SecretsError, tls.TlsError, ListenError, EgressError, OSError) as error:
            await self._stack.aclose()
            raise StartFailed(str(error)) from error
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    @property
    def administrator(self) -> Administrator:
        """The account that may do everything."""
        return self._administrator

    @property
    def api_url(self) -> str:
        """Origin of the API."""
        return self._api.url

    @property
    def ca_file(self) -> Path:
        """What clients of the API need to trust."""
        return self._certificate.ca_file

    @property
    def sip_addresses(self) -> dict[str, str]:
        """Transport to HOST:PORT."""
        return {transport: str(address) for transport, address in self._sip.addresses.items()}

    @property
    def live_calls(self) -> int:
        """How many calls (legs) there are."""
        return len(self._switchboard)

    async def drain(self) -> None:
        """Take no more calls and let those in progress finish, up to ``calls.drain_limit``."""
        self._sip.drain()
        await self._switchboard.drain(self._settings.calls.drain_limit)

    def leftovers(self) -> dict[str, int]:
        """What must be zero when there are no calls: legs, dialogs, transactions, media sessions, tasks."""
        sizes = {f"sip {name}": size for name, size in self._sip.sizes().items() if name != "connections"}
        return {**sizes, "calls": len(self._switchboard), "media": len(self._sessions), "tasks": len(asyncio.all_tasks())}

    async def _build(self) -> None:
        """Downwards in the order of the import law, so that everything finds what it stands on."""
        settings, clock, stack = self._settings, self._clock, self._stack
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
        name = _node_name(settings.data_dir / "node")
        self._sids = SidSource(
            now_ms=lambda: int(clock.utc().timestamp() * 1000),
            random_bits=self._random.getrandbits,
            node=int(name[:4], 16),
        )
        self._keyring = Keyring.load_or_create(settings.data_dir / "keys.json")
        self._certificate = self._certify()
        self._database = await open_database(settings.store, settings.data_dir)
        stack.push_async_callback(self._database.close)
        self._administrator = await administrator(
            self._database, self._keyring, domain=settings.sip.domain, now=clock.utc(), new_sid=self._sids
        )
        await self._build_records(name)
        await self._build_calls(name)
        await self._build_api()

    def _certify(self) -> tls.Certificate:
        api = self._settings.api
        if api.tls_cert and api.tls_key:
            return tls.given(api.tls_cert, api.tls_key)
        directory = self._settings.data_dir / "tls"
        return tls.local(directory, clock=self._clock, names=api.tls_names, renew_before=api.tls_renew_before)

    async def _build_records(self, name: str) -> None:
        """What outlives calls: journal, recordings, callbacks. What a crash left behind is ended before anything is new."""
        settings, clock, database = self._settings, self._clock, self._database
        self._recordings = RecordingFiles(settings.data_dir / "recordings")
        self._directory = StoreDirectory(database, self._keyring, settings.records)
        client = HttpClient(settings.outbound, Egress(settings.egress.allow), user_agent=f"offhook/{__version__}")
        self._http = await self._stack.enter_async_context(client)
        delivery = Delivery(
            database, self._http, self._directory.signing_key, settings.webhooks, clock=clock, node=name
        )
        recorder = Recorder(clock=clock, node=name, heartbeat=settings.records.heartbeat)
        self._transcripts = Transcripts(
            clock=clock,
            backlog=settings.api.stream_backlog,
            calls=settings.api.stream_calls,
            linger=settings.api.stream_linger,
        )
        writers: list[Writer] = [recorder, delivery.outbox]
        self._journal = Journal(database, writers, settings.records, listeners=[self._transcripts.hear])
        delivery.poke = self._journal.poke
        await recover(database, self._recordings, writers, clock=clock, node=name)
        await self._background("journal", self._journal.run())
        await self._background("heartbeat", recorder.run(self._journal.poke))
        await self._background("callbacks", delivery.run())

    async def _build_calls(self, name: str) -> None:
        settings, clock = self._settings, self._clock
        synthesizer = build_synthesizer(settings.speech, cache=settings.data_dir / "speech")
        await self._background("speech", synthesizer.run())
        self._sessions = Sessions(NativeEngine(settings.media))
        self._stack.push_async_callback(self._sessions.close)
        urls = RecordingUrls(lambda: self.api_url, self._recordings, self._database, self._journal)
        script = RcmlScript(
            http=self._http,
            secret=self._directory.signing_key,
            synthesizer=synthesizer,
            recordings=lambda sid: str(self._recordings.reserve(sid)),
            recording_url=urls.url,
            own_recording=urls.file,
            clock=clock,
            sids=self._sids,
            settings=settings.rcml,
        )
        exchange, driver = line_up(
            sip=settings.sip,
            media=settings.media,
            calls=settings.calls,
            domain=self._administrator.domain,
            directory=self._directory,
            sessions=self._sessions,
            random_bits=self._random.getrandbits,
        )
        around = Surroundings(
            settings=settings.calls,
            script=script,
            events=self._journal,
            clock=clock,
            sids=self._sids,
            recordings=lambda sid: str(self._recordings.reserve(sid)),
        )
        self._switchboard = Switchboard(around, self._directory, exchange, node=name)
        exchange.connect(driver, self._switchboard)
        await self._background("exchange", exchange.run())
        await self._background("switchboard", self._switchboard.run())
        self._sip = await self._stack.enter_async_context(driver)

    async def _build_api(self) -> None:
        api = self._settings.api
        ports = Ports(
            settings=api,
            database=self._database,
            calls=self._switchboard,
            events=self._journal,
            transcripts=self._transcripts,
            recordings=self._recordings,
            passwords=Passwords(self._settings.passwords),
            keyring=self._keyring,
            lockout=Lockout(
                clock=self._clock, failures=api.login_failures, window=api.login_window, sources=api.login_sources
            ),
            clock=self._clock,
            sids=self._sids,
            directory_changed=self._directory.forget,
            version=__version__,
        )
        server = ApiServer(create_app(ports), settings=api, context=tls.server_context(self._certificate))
        self._api = await self._stack.enter_async_context(server)

    async def _background(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` from now until its turn to stop comes, in reverse order of building."""
        await self._stack.enter_async_context(_running(self._tasks, name, work))
        await asyncio.sleep(0)  # let it come as far as its first wait


@asynccontextmanager
async def _running(tasks: asyncio.TaskGroup, name: str, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = tasks.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def _node_name(file: Path) -> str:
    """The name under which this data directory's calls stand in the database; random, made once."""
    if not file.exists():
        file.write_text(secrets.token_hex(8))
    return file.read_text().strip()
