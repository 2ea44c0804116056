"""The real API over real TLS on loopback, in a thread of its own, with a database and a switchboard that only pretends."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from offhook.api.app import create_app
from offhook.api.lockout import Lockout
from offhook.api.ports import Ports
from offhook.api.server import ApiServer
from offhook.api.settings import ApiSettings
from offhook.api.transcripts import Transcripts
from offhook.blobs.recordings import RecordingFiles
from offhook.calls.control import CallOrder, CallRefused, RecordingChange
from offhook.calls.events import CallCreated, CallEnded, CallEvent, CallFacts, RecordingStarted
from offhook.calls.recording import RecordingOrder
from offhook.calls.script import Application
from offhook.calls.trunks.findings import Finding
from offhook.calls.trunks.live import Trunks
from offhook.calls.trunks.trunk import Trunk
from offhook.media.events import Statistics
from offhook.ops.ladders import Ladders
from offhook.records.recorder import Recorder, call_row
from offhook.security.certificates import Certificate, local
from offhook.security.masked import Secret
from offhook.security.passwords import Passwords
from offhook.security.secrets import Keyring
from offhook.security.settings import PasswordSettings
from offhook.security.tls import ServerTls
from offhook.sip.bans import Ban
from offhook.sip.settings import SipSettings
from offhook.store import calls
from offhook.store.accounts import AccountRow
from offhook.store.session import Database
from offhook.vocabulary.clock import FrozenClock
from offhook.vocabulary.sids import AccountSid, CallSid, RecordingSid, SidSource
from offhook.vocabulary.statuses import CallStatus, Direction
from tests.support.api_conferences import PretendedConferences
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD, NOW, STRANGER, populated

TOKENS = {sid: f"{index:x}" * 32 for index, sid in enumerate((ADMINISTRATOR, CHILD, GRANDCHILD, STRANGER), start=10)}
EMAIL, PASSWORD = "owner@example.org", "correct horse battery"
CHEAP = PasswordSettings(memory=8192, passes=1, lanes=1)


TWILIO = f"/2010-04-01/Accounts/{ADMINISTRATOR}"
RESTCOMM = f"/restcomm/2012-04-24/Accounts/{ADMINISTRATOR}"
"""The administrator's resources in either dialect."""


class PretendedCalls:
    """A switchboard without telephones: it keeps orders and facts, and writes the rows that the records would."""

    def __init__(self, database: Database, sids: SidSource, clock: FrozenClock) -> None:
        self.orders: list[CallOrder] = []
        self.redirects: list[Application] = []
        self.qualities: dict[CallSid, Statistics] = {}
        """What live calls see of their lines."""
        self._live: dict[CallSid, CallFacts] = {}
        self._database, self._sids, self._clock = database, sids, clock
        self.events: list[CallEvent] = []

    async def place(self, order: CallOrder) -> CallFacts:
        if order.to == "client:nobody":
            raise CallRefused(21214, "The client nobody is not registered.")
        self.orders.append(order)
        facts = CallFacts(
            sid=CallSid(self._sids("call")),
            account_sid=order.account_sid,
            application_sid=order.application_sid,
            api_version=order.api_version,
            direction=Direction.OUTBOUND_API,
            from_=order.from_,
            to=order.to,
            created_at=self._clock.utc(),
            node="here",
        )
        self._live[facts.sid] = facts
        await self._save(CallCreated(call=facts, at=facts.created_at))
        return facts

    async def callable(self, number: str, _account_sid: AccountSid) -> str:
        if number.startswith("+1900"):
            raise CallRefused(21215, "calls to +1900 are not allowed here")
        return number

    def live(self, sid: CallSid) -> CallFacts | None:
        return self._live.get(sid)

    async def quality(self, sid: CallSid) -> Statistics | None:
        return self.qualities.get(sid)

    def live_calls(self, account_sid: AccountSid | None = None) -> Sequence[CallFacts]:
        return [each for each in self._live.values() if account_sid in (None, each.account_sid)]

    def answer(self, sid: str) -> None:
        """The callee picks up; the record does not know yet."""
        call = self._live[CallSid(sid)]
        self._live[call.sid] = replace(call, status=CallStatus.IN_PROGRESS, answered_at=self._clock.utc())

    async def redirect(self, sid: CallSid, application: Application) -> CallFacts:
        if self._live[sid].status is not CallStatus.IN_PROGRESS:
            raise CallRefused(21220, "Call is not in-progress. Cannot redirect.")
        self.redirects.append(application)
        return self._live[sid]

    async def hangup(self, sid: CallSid) -> CallFacts:
        return await self._end(sid, CallStatus.COMPLETED)

    async def cancel(self, sid: CallSid) -> CallFacts:
        if self._live[sid].status is CallStatus.IN_PROGRESS:
            raise CallRefused(21220, "Call is not queued or ringing. Cannot cancel.")
        return await self._end(sid, CallStatus.CANCELED)

    async def _end(self, sid: CallSid, status: CallStatus) -> CallFacts:
        now = self._clock.utc()
        call = self._live.pop(sid)
        duration = round((now - call.answered_at).total_seconds()) if call.answered_at else 0
        ended = replace(call, status=status, ended_at=now, duration=duration)
        await self._save(CallEnded(call=ended, at=now))
        return ended

    async def _save(self, event: CallCreated | CallEnded) -> None:
        async with self._database.batch() as connection:
            await calls.save(connection, [call_row(event)])


class PretendedRecordings:
    """Recordings of pretended calls; it keeps what it was asked for."""

    def __init__(self, board: PretendedCalls, database: Database, sids: SidSource, clock: FrozenClock) -> None:
        self.orders: list[RecordingOrder] = []
        self.changes: list[tuple[RecordingSid | None, RecordingChange]] = []
        self._calls, self._sids, self._clock = board, sids, clock
        self._recorder, self._database = Recorder(clock=clock, node="here", heartbeat=60), database
        self._newest: RecordingSid | None = None
        self.writing: list[CallEvent] = []

    def start(self, call_sid: CallSid, order: RecordingOrder) -> RecordingSid:
        call = self._calls.live(call_sid)
        if call is None or call.answered_at is None:
            raise CallRefused(21220, f"Call {call_sid} is not in progress; only such calls can be recorded.")
        self.orders.append(order)
        sid = self._newest = RecordingSid(self._sids("recording"))
        self.writing.append(
            RecordingStarted(
                sid=sid,
                account_sid=call.account_sid,
                call_sid=call_sid,
                path=".wav",
                channels=order.channels,
                track=order.track,
                source=order.source,
                callback=order.callback,
                at=self._clock.utc(),
            )
        )
        return sid

    async def change(self, call_sid: CallSid, sid: RecordingSid | None, change: RecordingChange) -> RecordingSid:
        named = sid or self._newest
        if named is None or named != self._newest:
            raise CallRefused(21220, f"Call {call_sid} has no such recording under way.")
        self.changes.append((sid, change))
        return named

    async def settled(self) -> None:
        """What was started has its row."""
        events, self.writing = self.writing, []
        async with self._database.batch() as connection:
            await self._recorder.write(connection, events)


class PretendedBans:
    """Bans as a test names them."""

    def __init__(self) -> None:
        self.held: list[Ban] = []

    def standing_bans(self) -> list[Ban]:
        return list(self.held)

    def lift_ban(self, source: str) -> bool:
        before = len(self.held)
        self.held = [ban for ban in self.held if ban.source != source]
        return len(self.held) < before


class PretendedTrial:
    """Finds that what is called ``works`` works, and nothing else."""

    async def run(self, trunk: Trunk, *, number: str = "", caller: str = "") -> list[Finding]:
        fine = trunk.name == "works"
        found = [Finding(subject="gateway", fine=fine, text=trunk.name, mend="" if fine else "SipUrl")]
        return [*found, Finding(subject="call", fine=True, text=f"{number} from {caller}")] if number else found


class SettledEvents:
    """Everything is durable at once."""

    def __init__(self, recordings: PretendedRecordings) -> None:
        self._recordings = recordings

    def publish(self, event: CallEvent) -> None:
        raise AssertionError("the API publishes nothing")

    async def settled(self) -> None:
        await self._recordings.settled()


class ApiNode:
    """A running API, and hands on its inside."""

    def __init__(self, *, server: ApiServer, ports: Ports, certificate: Certificate, changes: list[int]) -> None:
        self.url = server.url
        self.address = server.address
        self.ports = ports
        self.calls: PretendedCalls = ports.calls  # type: ignore[assignment]
        self.bans: PretendedBans = ports.bans  # type: ignore[assignment]
        self.conferences: PretendedConferences = ports.conferences  # type: ignore[assignment]
        self.clock: FrozenClock = ports.clock  # type: ignore[assignment]
        self.ca_file = str(certificate.ca_file)
        self.loop = asyncio.get_running_loop()
        self.directory_changes = changes

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine on the API's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def tell(self, event: CallEvent) -> None:
        """Let the event streams hear of something."""
        self.loop.call_soon_threadsafe(self.ports.transcripts.hear, event)

    def ask(self, method: str, path: str, *, account: str | None = ADMINISTRATOR, **more: Any) -> requests.Response:
        """A request, with the token of ``account``."""
        auth = None if account is None else (account, TOKENS[account])
        more.setdefault("auth", auth)
        more["headers"] = {"Connection": "close", **more.get("headers", {})}
        return requests.request(method, self.url + path, verify=self.ca_file, timeout=10, allow_redirects=False, **more)


def make_call(node: ApiNode, to: str = "1000", **more: str) -> str:
    """Order a call in the 2012 dialect; its sid."""
    form = {"To": to, "From": "1001", "Url": "http://127.0.0.1/menu", **more}
    answer = node.ask("POST", f"{RESTCOMM}/Calls.json", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["sid"])


@contextmanager
def closing_client(node: ApiNode) -> Iterator[Client]:
    """The library as it is; it is told where the API is, and by the usual variable whom to trust."""
    http = TwilioHttpClient(pool_connections=True)
    client = Client(ADMINISTRATOR, TOKENS[ADMINISTRATOR], http_client=http)
    client.api.base_url = node.url
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", node.ca_file)
        yield client
    assert http.session is not None
    http.session.close()


@contextmanager
def api_node(directory: Path, *, settings: ApiSettings | None = None) -> Iterator[ApiNode]:
    """An API with the accounts of ``databases.populated``."""
    ready: list[ApiNode | BaseException] = []
    told, stop = threading.Event(), asyncio.Event()

    def thread() -> None:
        try:
            asyncio.run(_serve(directory, settings or ApiSettings(port=0), ready, told, stop))
        except BaseException as error:  # noqa: BLE001 - told to the test below
            ready.insert(0, error)
            told.set()

    worker = threading.Thread(target=thread)
    worker.start()
    assert told.wait(20)
    node = ready[0]
    if isinstance(node, BaseException):
        raise node
    try:
        yield node
    finally:
        node.loop.call_soon_threadsafe(stop.set)
        worker.join(20)
        assert not worker.is_alive()
        if isinstance(ready[0], BaseException):
            raise ready[0]


async def _serve(
    directory: Path,
    settings: ApiSettings,
    ready: list[ApiNode | BaseException],
    told: threading.Event,
    stop: asyncio.Event,
) -> None:
    dice, ticks = random.Random(1), iter(range(1_700_000_000_000, 1_800_000_000_000))
    clock, keyring = FrozenClock(NOW), Keyring.random()
    passwords = Passwords(CHEAP)
    sids = SidSource(now_ms=lambda: next(ticks), random_bits=dice.getrandbits)
    async with populated("sqlite", directory) as database:
        async with database.writing() as session:
            for sid, token in TOKENS.items():
                row = await session.get(AccountRow, sid)
                assert row is not None
                row.auth_token = keyring.seal(Secret(token), sid)
                if sid == ADMINISTRATOR:
                    row.email_address, row.password_hash = EMAIL, await passwords.hash(PASSWORD)
        transcripts = Transcripts(
            clock=clock,
            backlog=settings.stream_backlog,
            calls=settings.stream_calls,
            linger=settings.stream_linger,
        )
        ladders = Ladders(SipSettings(), clock=clock)
        changes: list[int] = []
        pretended = PretendedCalls(database, sids, clock)
        live_recordings = PretendedRecordings(pretended, database, sids, clock)
        ports = Ports(
            settings=settings,
            database=database,
            calls=pretended,
            live_recordings=live_recordings,
            conferences=PretendedConferences(),  # type: ignore[arg-type]
            bans=PretendedBans(),
            trial=PretendedTrial(),  # type: ignore[arg-type]
            trunks=Trunks(now=asyncio.get_running_loop().time, random_bits=dice.getrandbits),
            events=SettledEvents(live_recordings),
            transcripts=transcripts,
            ladders=ladders,
            recordings=RecordingFiles(directory / "recordings"),
            passwords=passwords,
            keyring=keyring,
            lockout=Lockout(
                clock=clock,
                failures=settings.login_failures,
                window=settings.login_window,
                sources=settings.login_sources,
            ),
            clock=clock,
            sids=sids,
            directory_changed=lambda: changes.append(1),
            version="1.2.3",
        )
        certificate = local(directory / "tls", clock=_RealClock())
        server = ApiServer(
            create_app(ports),
            settings=settings,
            context=ServerTls([certificate]).context,
            closing=transcripts.close,
        )
        async with server:
            ready.append(ApiNode(server=server, ports=ports, certificate=certificate, changes=changes))
            told.set()
            await stop.wait()


class _RealClock(FrozenClock):
    """Certificates are checked against the real time by the TLS library."""

    def __init__(self) -> None:
        from datetime import UTC, datetime

        super().__init__(datetime.now(UTC))
