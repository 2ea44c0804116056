"""The composition root: builds one node out of its parts, in order, and takes it apart again. It alone knows everybody."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Self

from offhook import __version__
from offhook.api import tls
from offhook.api.app import create_server
from offhook.api.lockout import Lockout
from offhook.api.ports import Ports
from offhook.api.server import ListenError
from offhook.api.transcripts import Transcripts
from offhook.blobs.recordings import RecordingFiles
from offhook.calls.legs.line_up import line_up
from offhook.calls.surroundings import Surroundings
from offhook.calls.switchboard import Switchboard
from offhook.config import Settings
from offhook.media.native import NativeEngine
from offhook.media.session import Sessions
from offhook.ops.lifetime import Lifetime
from offhook.ops.occupation import OccupiedError, occupied
from offhook.ops.signalling import SignallingWatch
from offhook.outbound.client import HttpClient
from offhook.rcml.script import RcmlScript
from offhook.records.directory import StoreDirectory
from offhook.records.journal import Journal
from offhook.records.keeper import Keeper
from offhook.records.recorder import Recorder
from offhook.records.recording_urls import RecordingUrls
from offhook.records.recovery import recover
from offhook.security.certificates import TlsError
from offhook.security.egress import Egress, EgressError
from offhook.security.passwords import Passwords
from offhook.security.secrets import Keyring, SecretsError
from offhook.speech.build import build_synthesizer
from offhook.store.engine import StoreError, open_database
from offhook.store.first_start import administrator, node_name
from offhook.vocabulary.clock import SystemClock
from offhook.vocabulary.sids import SidSource
from offhook.webhooks.delivery import Delivery

STOPPERS = (OccupiedError, StoreError, SecretsError, TlsError, ListenError, EgressError, OSError)  # say so themselves


class StartFailed(Exception):
    """The node cannot start; the message says what is wrong and what to do."""


class Node:
    """One running server. An async context manager: everything listens once entered, nothing is left once left."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock, self._random = SystemClock(), random.SystemRandom()
        self._origin = settings.api.origin

    async def __aenter__(self) -> Self:
        failure: Exception | None = None
        async with Lifetime() as lifetime:
            try:
                await self._build(lifetime)
            except STOPPERS as error:
                failure = error
            else:
                self._lifetime = lifetime.pop_all()
        if failure is not None:
            raise StartFailed(str(failure)) from failure
        return self

    async def __aexit__(self, *error: Any) -> bool | None:
        return await self._lifetime.__aexit__(*error)

    @property
    def api_url(self) -> str:
        return self._api.url

    @property
    def sip_addresses(self) -> dict[str, str]:
        """Transport to HOST:PORT."""
        return {transport: str(address) for transport, address in self._sip.addresses.items()}

    async def drain(self) -> None:
        """Take no more calls and let those in progress finish, up to ``calls.drain_limit``."""
        self._sip.drain()
        await asyncio.gather(self._exchange.unregister(), self._switchboard.drain(self._settings.calls.drain_limit))

    def leftovers(self) -> dict[str, int]:
        """What must be zero when there are no calls: legs, dialogs, transactions, media sessions, tasks."""
        sip = {f"sip {name}": size for name, size in self._sip.sizes().items() if name != "connections"}
        return {**sip, **self._switchboard.sizes(), "media": len(self._sessions), "tasks": len(asyncio.all_tasks())}

    async def _build(self, lifetime: Lifetime) -> None:
        """Downwards in the order of the import law, so that everything finds what it stands on."""
        settings, data_dir = self._settings, self._settings.data_dir
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lifetime.enter_context(occupied(data_dir))
        name = node_name(data_dir / "node")
        self._sids = SidSource.of(self._clock, self._random.getrandbits, node=int(name[:4], 16))
        self._keyring = Keyring.load_or_create(data_dir / "keys.json")
        self.tls = tls.configured(settings.api, settings.sip, data_dir / "tls", clock=self._clock)
        self._database = await open_database(settings.store, data_dir)
        lifetime.push_async_callback(self._database.close)
        self.administrator = await administrator(
            self._database, self._keyring, domain=settings.sip.domain, now=self._clock.utc(), new_sid=self._sids
        )
        await self._build_records(lifetime, name)
        await self._build_calls(lifetime, name)
        await lifetime.background("certificates", self.tls.watch(settings.sip.tls_reload))
        api = create_server(self._ports(), self.tls.api.context, self._sip.web_socket)
        self._api = await lifetime.enter_async_context(api)
        self._origin = settings.api.public_url or self._api.url

    async def _build_records(self, lifetime: Lifetime, name: str) -> None:
        """What outlives calls: journal, recordings, callbacks. What a crash left behind is ended before anything is new."""
        settings, clock, database = self._settings, self._clock, self._database
        self._recordings = RecordingFiles(settings.data_dir / "recordings", settings.recordings)
        urls = self._urls = RecordingUrls(lambda: self._origin, self._recordings, database, lambda: self._journal)
        directory = self._directory = StoreDirectory(database, self._keyring, settings.records, settings.book)
        client = HttpClient(settings.outbound, Egress(settings.egress.allow), user_agent=f"offhook/{__version__}")
        http = self._http = await lifetime.enter_async_context(client)
        delivery = Delivery(database, http, directory.signing_key, settings.webhooks, urls.url, clock=clock, node=name)
        recorder = Recorder(clock=clock, node=name, heartbeat=settings.records.heartbeat)
        self._transcripts = Transcripts.configured(settings.api, clock=clock)
        self._watch = SignallingWatch(settings.sip, clock=clock)
        keeper = Keeper(database, self._recordings, lambda: self._journal, clock=clock, node=name)
        ears = [self._transcripts.hear, self._watch.ladders.hear, keeper.hear]
        self._journal = Journal(database, [recorder, delivery.outbox], settings.records, listeners=ears)
        delivery.poke = self._journal.poke
        await recover(database, self._recordings, [recorder, delivery.outbox], clock=clock, node=name)
        await lifetime.background("journal", self._journal.run())
        await lifetime.background("heartbeat", recorder.run(self._journal.poke))
        await lifetime.background("callbacks", delivery.run())
        await lifetime.background("recordings", keeper.run())

    async def _build_calls(self, lifetime: Lifetime, name: str) -> None:
        settings, clock = self._settings, self._clock
        paths = self._recordings.reserve_text
        synthesizer = build_synthesizer(settings.speech, cache=settings.data_dir / "speech")
        await lifetime.background("speech", synthesizer.run())
        self._sessions = Sessions(NativeEngine(settings.media))
        lifetime.push_async_callback(self._sessions.close)
        script = RcmlScript(
            http=self._http,
            secret=self._directory.signing_key,
            synthesizer=synthesizer,
            recording_url=self._urls.url,
            own_recording=self._urls.file,
            clock=clock,
            sids=self._sids,
            settings=settings.rcml,
        )
        self._exchange, driver = line_up(
            sip=settings.sip,
            media=settings.media,
            calls=settings.calls,
            domain=self.administrator.domain,
            directory=self._directory,
            sessions=self._sessions,
            random_bits=self._random.getrandbits,
            egress=settings.egress,
            trunks=self._directory.trunks,
            tap=self._watch,
            server_tls=self.tls.sip,
            client_tls=self.tls.outgoing,
        )
        await lifetime.background("signalling", self._watch.run(driver.local_address))
        around = Surroundings(
            settings=settings.calls, script=script, events=self._journal, clock=clock, sids=self._sids, recordings=paths
        )
        self._switchboard = Switchboard(around, self._directory, self._exchange, node=name)
        self._exchange.connect(driver, self._switchboard)
        await lifetime.background("exchange", self._exchange.run())
        await lifetime.background("switchboard", self._switchboard.run())
        self._sip = await lifetime.enter_async_context(driver)

    def _ports(self) -> Ports:
        return Ports(
            settings=self._settings.api,
            database=self._database,
            calls=self._switchboard,
            conferences=self._switchboard.conferences,
            live_recordings=self._switchboard.recordings,
            bans=self._sip,
            trunks=self._exchange.trunks,
            trial=self._exchange.trial,
            events=self._journal,
            transcripts=self._transcripts,
            ladders=self._watch.ladders,
            recordings=self._recordings,
            passwords=Passwords(self._settings.passwords),
            keyring=self._keyring,
            lockout=Lockout.configured(self._settings.api, clock=self._clock),
            clock=self._clock,
            sids=self._sids,
            directory_changed=self._directory.forget,
            version=__version__,
        )
