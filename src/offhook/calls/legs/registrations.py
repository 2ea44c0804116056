"""Registers the node at the carriers that want it, one registration for each such trunk, and takes them away in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from offhook.calls.trunks.live import Standing, Trunks
from offhook.calls.trunks.trunk import Trunk, TrunkKey, gateway_uri
from offhook.sip.errors import SipError
from offhook.sip.events import RegisterAnswered, RequestHandle
from offhook.sip.flow import Flow
from offhook.sip.registration import Answer, Attempt, Registration, RegistrationState
from offhook.sip.signalling import RegisterOrder, Signalling
from offhook.sip.uri import Uri

log = structlog.get_logger(__name__)

_FAREWELL = 2.0
"""Seconds that the end waits for registrars to take bindings away."""


class Registrations:
    """Works while ``run`` runs."""

    def __init__(
        self,
        signalling: Signalling,
        trunks: Trunks,
        *,
        now: Callable[[], float],
        random_bits: Callable[[int], int],
    ) -> None:
        self._signalling = signalling
        self._trunks = trunks
        self._now = now
        self._random_bits = random_bits
        self._kept: dict[TrunkKey, _Kept] = {}
        self._open: dict[RequestHandle, asyncio.Future[RegisterAnswered]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def hear(self, event: RegisterAnswered) -> None:
        """Take what came of one of our requests; what came too late is nobody's."""
        waiting = self._open.get(event.handle)
        if waiting is not None and not waiting.done():
            waiting.set_result(event)

    async def run(self) -> None:
        """Keep the registrations of all trunks that want one, until cancelled; ``end`` comes before that."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                changed = self._trunks.changed
                wanted = {
                    trunk.key: trunk
                    for trunk in self._trunks.book.trunks.values()
                    if trunk.enabled and _registrars(trunk)
                }
                for key, kept in list(self._kept.items()):
                    if not kept.serves(wanted.get(key)):
                        del self._kept[key]
                        kept.task.cancel()
                        tasks.create_task(self._leave(kept))
                for key, trunk in wanted.items():
                    if key not in self._kept:
                        registration = Registration(
                            _registrars(trunk),
                            expires=trunk.register_expires or 0,
                            random_bits=self._random_bits,
                            now=self._now(),
                        )
                        call_id = f"{self._random_bits(128):032x}"
                        task = tasks.create_task(self._keep(trunk, registration, call_id))
                        self._kept[key] = _Kept(trunk, registration, call_id, task)
                await changed.wait()

    async def end(self) -> None:
        """Take all bindings away, and register no more."""
        kept = list(self._kept.values())
        self._kept.clear()
        for one in kept:
            one.task.cancel()
        await asyncio.gather(*(self._leave(one) for one in kept))

    async def _keep(self, trunk: Trunk, registration: Registration, call_id: str) -> None:
        while (due := registration.deadline()) is not None:
            await asyncio.sleep(max(0.0, due - self._now()))
            before = registration.state
            server = await self._attempt(trunk, registration, call_id)
            if registration.state is not before:
                log.info(
                    "registration_changed", trunk=trunk.name, state=registration.state.value, reason=registration.reason
                )
            registered = registration.state is RegistrationState.REGISTERED
            known = self._trunks.standings.get(trunk.key)
            self._trunks.standings[trunk.key] = Standing(
                state=registration.state,
                reason=registration.reason,
                registrar=registration.registrar,
                until=registration.until,
                host=(server if server is not None else "" if known is None else known.host) if registered else "",
                user=_contact_user(trunk),
            )

    async def _attempt(self, trunk: Trunk, registration: Registration, call_id: str) -> str | None:
        """One REGISTER; gives the host that accepted it."""
        attempt = registration.begin()
        event = await self._send(trunk, attempt, call_id, 2 * trunk.response_timeout)
        answer = event if isinstance(event, Answer) else event.answer
        registration.answered(answer, self._now())
        accepted = answer.code is not None and 200 <= answer.code < 300
        return event.server.host if isinstance(event, RegisterAnswered) and accepted else None

    async def _leave(self, kept: _Kept) -> None:
        self._trunks.standings.pop(kept.trunk.key, None)
        attempt = kept.registration.end()
        if attempt is not None:
            await self._send(kept.trunk, attempt, kept.call_id, _FAREWELL)

    async def _send(self, trunk: Trunk, attempt: Attempt, call_id: str, patience: float) -> RegisterAnswered | Answer:
        """What came of it, or that nothing did."""
        try:
            async with asyncio.timeout(patience):
                servers = await self._signalling.locate(attempt.registrar)
            handle = self._signalling.register(_order(trunk, attempt, call_id, servers))
        except TimeoutError:
            return Answer(code=None, reason=f"its name was not resolved within {patience:g} s")
        except (SipError, OSError) as error:
            return Answer(code=None, reason=str(error))
        waiting: asyncio.Future[RegisterAnswered] = asyncio.get_running_loop().create_future()
        self._open[handle] = waiting
        try:
            async with asyncio.timeout(patience):
                return await waiting
        except TimeoutError:
            return Answer(code=None, reason=f"it did not answer within {patience:g} s")
        finally:
            del self._open[handle]


class _Kept:
    """One registration that is kept, for the trunk as it was when it began."""

    __slots__ = ("call_id", "registration", "task", "trunk")

    def __init__(self, trunk: Trunk, registration: Registration, call_id: str, task: asyncio.Task[None]) -> None:
        self.trunk = trunk
        self.registration = registration
        self.call_id = call_id
        self.task = task

    def serves(self, trunk: Trunk | None) -> bool:
        """Whether it is the registration that ``trunk`` wants."""
        return trunk is not None and _essence(trunk) == _essence(self.trunk)


def _essence(trunk: Trunk) -> tuple[object, ...]:
    """What a registration depends on."""
    user, shown = _contact_user(trunk), trunk.presentation.from_domain
    return _registrars(trunk), trunk.register_expires, trunk.username, trunk.password, user, shown


def _registrars(trunk: Trunk) -> tuple[str, ...]:
    """The gateways to register at, the first choice first; none for a trunk that does not register."""
    if trunk.register_expires is None:
        return ()
    enabled = sorted((one for one in trunk.gateways if one.enabled), key=lambda one: one.priority)
    return tuple(one.uri for one in enabled)


def _contact_user(trunk: Trunk) -> str:
    return trunk.presentation.contact_user or trunk.username


def _order(trunk: Trunk, attempt: Attempt, call_id: str, servers: tuple[Flow, ...]) -> RegisterOrder:
    domain = trunk.presentation.from_domain
    host = gateway_uri(attempt.registrar).host if domain in ("", "gateway") else domain
    return RegisterOrder(
        registrar=attempt.registrar,
        address=str(Uri(user=trunk.username, host=host)),
        contact_user=_contact_user(trunk),
        expires=attempt.expires,
        call_id=call_id,
        cseq=attempt.cseq,
        destinations=servers,
        username=trunk.username,
        password=trunk.password,
    )
