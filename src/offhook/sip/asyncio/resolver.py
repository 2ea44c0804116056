"""Servers of URIs: drives the procedure of RFC 3263 with answers of DNS, which it remembers as long as they say."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import OrderedDict
from collections.abc import Callable

import structlog

from offhook.sip.asyncio.dns import DnsClient, DnsFailed
from offhook.sip.asyncio.hosts import HostsFile
from offhook.sip.dns import Kind, Question, Record
from offhook.sip.errors import NotLocated
from offhook.sip.flow import Flow, Transport
from offhook.sip.locating import Permits, Reach, Search, anywhere, locate
from offhook.sip.settings import SipSettings
from offhook.sip.uri import Uri

_LOG = structlog.get_logger(__name__)
_MOST_REMEMBERED = 10_000
"""Answers; the oldest is forgotten for a new one."""
_MOST_ASKED = 1000
"""Questions under way; names that need more are not located."""
_LONGEST_NEGATIVE = 60.0
"""Seconds for which "there is none" is believed, whatever the server says: a name may be about to be made."""
_FAILED_FOR = 5.0
"""Seconds for which a question that nobody answered is not asked again, so that dead servers do not hold up every call."""


class Resolver:
    """Locates servers. Its questions run in ``tasks``, each once however many wait for its answer."""

    def __init__(
        self,
        settings: SipSettings,
        reach: Reach,
        *,
        random_bits: Callable[[int], int],
        tasks: asyncio.TaskGroup,
        hosts: HostsFile | None = None,
        permits: Permits = anywhere,
    ) -> None:
        """``permits``: whether a guarded flow may lead to an address."""
        self._permits = permits
        self._settings = settings
        self._reach = reach
        self._random_bits = random_bits
        self._tasks = tasks
        self._hosts = hosts or HostsFile()
        self._dns = DnsClient(settings)
        self._known: OrderedDict[Question, tuple[float, tuple[Record, ...]]] = OrderedDict()
        self._asked: dict[Question, asyncio.Task[tuple[Record, ...]]] = {}
        self._failures: OrderedDict[Question, str] = OrderedDict()

    def sizes(self) -> dict[str, int]:
        """Questions under way; what is remembered forgets by itself."""
        return {"dns_questions": len(self._asked)}

    def close(self) -> None:
        """Ask no more."""
        for task in self._asked.values():
            task.cancel()

    async def locate(self, uri: Uri) -> tuple[Flow, ...]:
        """Where a request to ``uri`` goes, in the order of trying. Raises ``NotLocated``, also after ``resolve_timeout``."""
        return await self._drive(locate(uri, self._reach, self._random_bits), uri.host)

    def at_once(self, flow: Flow) -> Flow | None:
        """The address behind a flow that names a host; None when that has to be asked."""
        search = self._behind(flow)
        try:
            questions = next(search)
            while True:
                answers = {question: self._remembered(question) for question in questions}
                if None in answers.values():
                    return None
                questions = search.send({name: found for name, found in answers.items() if found is not None})
        except StopIteration as done:
            found: Flow = done.value[0]
        except NotLocated:
            return None
        return None if flow.guarded and not self._permits(found.host) else found._replace(connection=flow.connection)

    async def address(self, flow: Flow) -> Flow:
        """The address behind a flow that names a host. Raises ``NotLocated``."""
        found = await self._drive(self._behind(flow), flow.host)
        return self._permitted(flow, found[0])

    def _permitted(self, flow: Flow, found: Flow) -> Flow:
        if flow.guarded and not self._permits(found.host):
            raise NotLocated(f"{flow.host} is {found.host}, where a far end must not lead us; egress.sip may allow it")
        return found._replace(connection=flow.connection)

    def _behind(self, flow: Flow) -> Search:
        """Without chance: what belongs to one dialog or transaction goes to the same one of several servers."""
        uri = Uri(host=flow.host, port=flow.port or None, parameters={"transport": flow.transport.value})
        reach = Reach(transports=(flow.transport,), families=self._reach.families)
        return locate(uri, reach, lambda _bits: 0)

    async def _drive(self, search: Search, host: str) -> tuple[Flow, ...]:
        asked: set[Question] = set()
        try:
            async with asyncio.timeout(self._settings.resolve_timeout):
                questions = next(search)
                while True:
                    asked.update(questions)
                    found = await asyncio.gather(*(self._answer(question) for question in questions))
                    questions = search.send(dict(zip(questions, found, strict=True)))
        except StopIteration as done:
            destinations: tuple[Flow, ...] = done.value
            return destinations
        except NotLocated as error:
            failed = "; ".join(self._failures[question] for question in asked if question in self._failures)
            if failed:
                raise NotLocated(f"{error} (DNS gave no answer: {failed})") from error
            raise
        except TimeoutError:
            seconds = self._settings.resolve_timeout
            raise NotLocated(f"{host[:80]} was not found within {seconds:g} s (sip.resolve_timeout)") from None

    async def _answer(self, question: Question) -> tuple[Record, ...]:
        known = self._remembered(question)
        if known is not None:
            return known
        task = self._asked.get(question)
        if task is None:
            if len(self._asked) >= _MOST_ASKED:
                raise NotLocated(f"{question.name[:80]} is not looked up: {_MOST_ASKED} questions wait for DNS")
            task = self._asked[question] = self._tasks.create_task(self._ask(question))
        return await asyncio.shield(task)

    def _remembered(self, question: Question) -> tuple[Record, ...] | None:
        by_hand = self._hosts.addresses(question.name.rpartition("_tcp.")[2].rpartition("_udp.")[2])
        if by_hand:
            return tuple(address for address in by_hand if question.kind is _kind(address))
        known = self._known.get(question)
        if known is None:
            return None
        if known[0] <= asyncio.get_running_loop().time():
            del self._known[question]
            return None
        return known[1]

    async def _ask(self, question: Question) -> tuple[Record, ...]:
        loop = asyncio.get_running_loop()
        try:
            answer = await self._dns.ask(question)
        except DnsFailed as error:
            _LOG.info("DNS gave no answer", question=question.name[:80], type=question.kind.value, error=str(error))
            self._failures[question] = str(error)
            if len(self._failures) > _MOST_ASKED:
                self._failures.popitem(last=False)
            self._remember(question, (), loop.time() + min(_FAILED_FOR, self._settings.resolve_cache))
            return ()
        finally:
            del self._asked[question]
        self._failures.pop(question, None)
        longest = (
            self._settings.resolve_cache if answer.records else min(_LONGEST_NEGATIVE, self._settings.resolve_cache)
        )
        self._remember(question, answer.records, loop.time() + min(answer.ttl, longest))
        return answer.records

    def _remember(self, question: Question, records: tuple[Record, ...], until: float) -> None:
        while len(self._known) >= _MOST_REMEMBERED:
            self._known.popitem(last=False)
        self._known[question] = (until, records)


def _kind(address: str) -> Kind:
    return Kind.AAAA if ipaddress.ip_address(address.partition("%")[0]).version == 6 else Kind.A


def reach_of(settings: SipSettings) -> Reach:
    """What we can send by; names may have the addresses that a socket of ours can send to, ``listen``'s kind preferred."""
    hosts = [settings.listen[0], *(listener.listen[0] for listener in settings.further)]
    families = tuple(dict.fromkeys(Kind.AAAA if ":" in host else Kind.A for host in hosts))
    return Reach(transports=(Transport.UDP, Transport.TCP, Transport.TLS), families=families)
