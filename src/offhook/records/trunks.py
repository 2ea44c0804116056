"""The trunks and routes of all accounts out of the store, together with the node's own; read again when they have changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.patterns import NumberPattern
from offhook.calls.trunks.rewriting import NumberRules, rules_of
from offhook.calls.trunks.routes import TrunkRoute
from offhook.calls.trunks.text import caller_header_of, srtp_of, words_of
from offhook.calls.trunks.trunk import Gateway, Presentation, Probing, Recognition, Trunk, TrunkKey
from offhook.records.settings import RecordsSettings
from offhook.security.secrets import Keyring, SecretsError
from offhook.store import trunks
from offhook.store.session import Database, is_outage
from offhook.store.trunks import GatewayRow, RouteRow, TrunkRow
from offhook.vocabulary.sids import AccountSid

log = structlog.get_logger(__name__)


class StoreTrunks:
    """Reads them; ``run`` keeps a node up to date, also with what other nodes' APIs have changed."""

    def __init__(self, database: Database, keyring: Keyring, settings: RecordsSettings, own: TrunkBook) -> None:
        """``own``: what stands in the node's configuration."""
        self._database = database
        self._keyring = keyring
        self._interval = max(settings.lookup_ttl, 1.0)
        self.own = own
        self._changed = asyncio.Event()

    def forget(self) -> None:
        """Something was changed here: read again at once."""
        self._changed.set()

    async def book(self) -> TrunkBook:
        """All of it, as it is now. A row that makes no sense is left out, and its log line says why."""
        async with self._database.reading() as session:
            rows, gateways, routes = await trunks.everything(session)
        by_trunk: dict[str, list[GatewayRow]] = {}
        for gateway in gateways:
            by_trunk.setdefault(gateway.trunk_sid, []).append(gateway)
        found = (self._readable(row, domain, by_trunk.get(row.sid, ())) for row, domain in rows)
        return TrunkBook.of(
            [*(trunk for trunk in found if trunk is not None), *self.own.trunks.values()],
            [*(route for row in routes if (route := _route(row)) is not None), *self.own.routes],
        )

    async def run(self, use: Callable[[TrunkBook], None]) -> None:
        """Hand ``use`` every new book, until cancelled."""
        known = await self._read()
        if known is not None:
            use(known)
        while True:
            try:
                async with asyncio.timeout(self._interval):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            found = await self._read()
            if found is not None and (known is None or _content(found) != _content(known)):
                known = found
                use(found)

    async def _read(self) -> TrunkBook | None:
        try:
            return await self.book()
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("trunks_not_read", reason=str(error))
            return None

    def _readable(self, row: TrunkRow, domain: str, gateways: Sequence[GatewayRow]) -> Trunk | None:
        try:
            password = self._keyring.open(row.password, row.sid).reveal() if row.password else ""
            return replace(trunk_of(row, gateways, password), domain=domain)
        except (ValueError, SecretsError) as error:
            log.error("trunk_unreadable", trunk=row.sid, reason=str(error))  # noqa: TRY400 the message says it all
            return None


def _content(book: TrunkBook) -> tuple[object, ...]:
    """What two books are compared by; the order of trunks counts."""
    return tuple(book.trunks.values()), book.routes


def trunk_of(row: TrunkRow, gateways: Sequence[GatewayRow], password: str) -> Trunk:
    """The trunk that rows describe. Raises ``ValueError``."""
    return Trunk(
        key=TrunkKey(row.sid),
        name=row.friendly_name,
        account_sid=AccountSid(row.account_sid),
        enabled=row.enabled,
        gateways=tuple(
            Gateway(uri=each.sip_url, priority=each.priority, weight=each.weight, enabled=each.enabled)
            for each in gateways
        ),
        username=row.username,
        password=password,
        presentation=Presentation(
            from_user=row.from_user,
            from_domain=row.from_domain,
            caller_header=caller_header_of(row.caller_header),
            contact_user=row.contact_user,
        ),
        outbound=_rules(row.outbound_called, row.outbound_caller),
        inbound=_rules(row.inbound_called, row.inbound_caller),
        codecs=words_of(row.codecs),
        srtp=srtp_of(row.srtp),
        max_calls=row.max_calls,
        calls_per_second=row.calls_per_second,
        response_timeout=row.response_timeout,
        progress_timeout=row.progress_timeout,
        probing=Probing(
            interval=row.options_interval,
            timeout=row.options_timeout,
            down_after=row.down_after,
            up_after=row.up_after,
            retry_interval=row.retry_interval,
        ),
        register_expires=row.register_expires if row.register else None,
        recognition=Recognition(
            networks=words_of(row.networks),
            certificates=words_of(row.certificates),
            username=row.inbound_username or "",
            ha1={"MD5": row.inbound_ha1_md5, "SHA-256": row.inbound_ha1_sha256} if row.inbound_username else {},
        ),
    )


def _rules(called: str, caller: str) -> NumberRules:
    return NumberRules(called=rules_of(called.splitlines()), caller=rules_of(caller.splitlines()))


def _route(row: RouteRow) -> TrunkRoute | None:
    try:
        pattern = NumberPattern.parse(row.pattern)
    except ValueError as error:
        log.error("route_unreadable", route=row.sid, reason=str(error))  # noqa: TRY400 the message says it all
        return None
    return TrunkRoute(
        pattern=pattern, trunks=tuple(row.trunks), account_sid=AccountSid(row.account_sid), priority=row.priority
    )
