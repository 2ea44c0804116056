"""Where a call goes: a number to its application, a client to its devices, anything else nowhere.

Who a caller is has been checked by ``admission``; nothing that comes in is ever routed to a gateway or a SIP URI.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from offhook.calls.allowance import Allowance
from offhook.calls.capacity import TOO_MANY_CALLS
from offhook.calls.dialing import ClientTarget, DialTarget, NumberTarget, SipTarget
from offhook.calls.directory import ClientEntry, Directory, NumberRoute
from offhook.calls.errors import Unroutable
from offhook.calls.events import StatusCallback
from offhook.calls.leg import ANONYMOUS, Caller, Contact, Destination, Exchange, Invitation
from offhook.calls.numbers.numbering import Numbering
from offhook.calls.numbers.star_codes import StarCodes
from offhook.calls.script import Application
from offhook.calls.settings import CallSettings
from offhook.calls.trunks.rewriting import rewritten
from offhook.calls.trunks.trunk import Trunk
from offhook.vocabulary.sids import AccountSid, ApplicationSid, NumberSid


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What runs for a call that came in, and on whose account."""

    account_sid: AccountSid
    application: Application | None
    """None for a call that takes the place of another."""
    api_version: str
    number_sid: NumberSid | None = None
    application_sid: ApplicationSid | None = None
    status_callback: StatusCallback | None = None
    client: ClientEntry | None = None
    """The client that ``application`` does nothing but ring."""
    to_user: str = ""
    """The number called as the rules of a trunk write it; empty: as it came."""
    from_user: str = ""
    """The caller's number likewise."""
    trunk: str | None = None
    """Sid of the trunk by which it came, or ``config:NAME``."""


class Routing:
    """Looks up where calls go. All methods raise ``Unroutable``."""

    def __init__(self, directory: Directory, exchange: Exchange, settings: CallSettings) -> None:
        self._directory = directory
        self._exchange = exchange
        self._timeout = settings.lookup_timeout
        self._strangers = settings.strangers
        self._numbering = Numbering(settings.region)
        self._star_codes = StarCodes(settings.star_codes)

    async def arriving(self, invitation: Invitation) -> Route | None:
        """Where a call goes that came in and is not answered yet.

        None: a stranger was asked for the password of a trunk, because he reaches nothing without, or because what he called has
        a trunk whose calls are known by that alone.
        """
        if invitation.challenge is None:
            return await self.incoming(invitation)
        try:
            route = await self.incoming(invitation)
            if route.number_sid is None or not self._exchange.guards(await self._lineage(route.account_sid)):
                return route
        except Unroutable as failure:
            if failure.sip_code >= 500:
                raise
        invitation.challenge()
        return None

    async def incoming(self, invitation: Invitation) -> Route:
        caller = invitation.client
        if caller is not None and caller.application is not None:
            return Route(
                account_sid=caller.account_sid,
                application=caller.application,
                api_version=caller.api_version,
                application_sid=caller.application_sid,
            )
        dialled, domain = invitation.to_user, invitation.to_domain or None
        code = None if caller is None else self._star_codes.application(dialled)
        if caller is not None and code is not None:
            return Route(account_sid=caller.account_sid, application=code, api_version=caller.api_version)
        try:
            async with asyncio.timeout(self._timeout):
                if invitation.trunks and (route := await self._by_trunk(invitation)) is not None:
                    return route
                if invitation.trunks and not self._strangers:
                    raise Unroutable("no account whose trunk this is has this number")
                if caller is not None and await self._directory.domain(domain) != invitation.to_domain.lower():
                    domain = caller.domain  # dialled at our address: within the domain of the caller
                number = await self._number(dialled, domain)
                client = None if number is not None else await self._directory.client(dialled, domain)
        except TimeoutError:
            raise Unroutable("the directory did not answer in time", sip_code=503) from None
        if number is not None:
            return _route_of(number)
        if client is not None and client.active:
            document = f"<Response><Dial><Client>{escape(client.login)}</Client></Dial></Response>"
            return Route(
                account_sid=client.account_sid,
                application=Application(document=document),
                api_version=client.api_version,
                client=client,
            )
        raise Unroutable("no number and no client of this name")

    async def outgoing(
        self,
        target: DialTarget,
        caller: Caller,
        *,
        account_sid: AccountSid,
        allowance: Allowance,
        domain: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> tuple[Destination, ...]:
        """The far ends that ``target`` stands for: one, every device of a client, or the gateways that lead to a number.

        ``account_sid`` is whose call it is, ``allowance`` what that may do. Clients are looked for in
        ``domain``, else in the account's own.
        """
        match target:
            case NumberTarget(number=text):
                number, extra = split_headers(text)
                number = self.callable(number, allowance)
                return self._exchange.ways(number, caller, await self._lineage(account_sid), (*headers, *extra))
            case ClientTarget(login=text):
                login, extra = split_headers(text)
                contacts = await self._contacts(login, domain or allowance.domain)
            case SipTarget(uri=text):
                uri, extra = split_headers(text)
                if not uri.lower().startswith(("sip:", "sips:")):
                    uri = f"sip:{uri}"
                contacts = (Contact(uri=uri, username=target.username, password=target.password),)
            case never:
                assert_never(never)
        return tuple(
            Destination(
                uri=contact.uri,
                route=contact.route,
                path=contact.path,
                device=contact.device,
                response_timeout=contact.response_timeout,
                guarded=isinstance(target, SipTarget),
                from_user=caller.user,
                from_name=caller.name,
                from_domain=caller.domain,
                username=contact.username,
                password=contact.password,
                headers=(*headers, *extra),
            )
            for contact in contacts
        )

    async def _by_trunk(self, invitation: Invitation) -> Route | None:
        """The number of an account whose trunk the call can have come by, after that trunk's rules. Of several with this number
        the first that has a free channel carries it.
        """
        users = dict.fromkeys(user for user in (invitation.to_user, invitation.to_alias) if user)
        refusal = ""
        for trunk in invitation.trunks:
            for user in users:
                called = rewritten(user, trunk.inbound.called)
                number = await self._number(called, trunk.domain or invitation.to_domain or None)
                if number is None or not await self._owns(trunk, number):
                    continue
                route, caller = _route_of(number), rewritten(invitation.from_user, trunk.inbound.caller)
                full = invitation.occupy(trunk)
                if not full:
                    return replace(route, to_user=called, from_user=caller, trunk=trunk.key)
                refusal = refusal or f"trunk {trunk.name}: {full}"
        if refusal:
            raise Unroutable(refusal, sip_code=480, code=TOO_MANY_CALLS)
        return None

    async def _owns(self, trunk: Trunk, number: NumberRoute) -> bool:
        """Whether a number is one of the trunk's account or of those below it; the node's own trunks serve all."""
        return trunk.account_sid is None or trunk.account_sid in await self._directory.lineage(number.account_sid)

    async def _lineage(self, account_sid: AccountSid) -> Sequence[AccountSid]:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._directory.lineage(account_sid)
        except TimeoutError:
            raise Unroutable("the directory did not answer in time", sip_code=503) from None

    async def _number(self, dialled: str, domain: str | None) -> NumberRoute | None:
        """A hosted number as it was dialled, or in its international form."""
        found = await self._directory.number(dialled, domain)
        if found is None and (international := self._numbering.international(dialled)) != dialled:
            found = await self._directory.number(international, domain)
        return found

    def callable(self, number: str, allowance: Allowance) -> str:
        """``number`` in international form, if ``allowance`` permits it. Raises ``Unroutable``."""
        international = self._numbering.international(number)
        allowance.check(international)
        return international

    async def client(self, login: str, domain: str | None) -> ClientEntry | None:
        """A client by its login."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._directory.client(login, domain)
        except TimeoutError:
            raise Unroutable("the directory did not answer in time", sip_code=503) from None

    async def rung_client(self, target: DialTarget, domain: str | None) -> ClientEntry | None:
        """The client that ``target`` names; None for any other target."""
        return await self.client(split_headers(target.login)[0], domain) if isinstance(target, ClientTarget) else None

    async def _contacts(self, login: str, domain: str | None) -> Sequence[Contact]:
        client = await self.client(login, domain)
        if client is None or not client.active:
            raise Unroutable(f"there is no client {login}")
        contacts = self._exchange.contacts(client.login, client.domain)
        if not contacts:
            raise Unroutable(f"client {login} is not registered", sip_code=480)
        return contacts


def _route_of(number: NumberRoute) -> Route:
    """What runs at a hosted number."""
    if not number.account_active:
        raise Unroutable("the account of this number is not active", sip_code=403)
    if number.application is None:
        raise Unroutable("nothing is configured at this number")
    return Route(
        account_sid=number.account_sid,
        application=number.application,
        api_version=number.api_version,
        number_sid=number.number_sid,
        application_sid=number.application_sid,
        status_callback=number.status_callback,
    )


def caller_of(text: str) -> Caller:
    """As whom ``text`` (a number, ``client:NAME``, a SIP URI) rings somebody."""
    if text.startswith("client:"):
        return Caller(user=text.removeprefix("client:") or ANONYMOUS)
    bare = text.removeprefix("sips:").removeprefix("sip:")
    user, at, rest = bare.partition("@")
    if not at:
        return Caller(user=bare or ANONYMOUS)
    return Caller(user=user or ANONYMOUS, domain=rest.partition(";")[0].partition("?")[0].partition(":")[0])


def target_of(to: str, *, username: str | None = None, password: str | None = None) -> DialTarget:
    """What the ``To`` of an order means."""
    to = to.strip()
    if to.startswith("client:"):
        return ClientTarget(login=to.removeprefix("client:"))
    if "@" in to.partition("?")[0] or to.lower().startswith(("sip:", "sips:")):
        return SipTarget(uri=to, username=username, password=password)
    return NumberTarget(number=to)


def shown(target: DialTarget) -> str:
    """How ``target`` reads in the facts of a call, without the headers behind it."""
    match target:
        case NumberTarget(number=text):
            return split_headers(text)[0]
        case ClientTarget(login=text):
            return f"client:{split_headers(text)[0]}"
        case SipTarget(uri=text):
            return split_headers(text)[0]
        case never:
            assert_never(never)


def split_headers(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """``target?A=1&X-B=2`` to the target and its headers; a name without ``X-`` gets it, a value loses line breaks."""
    target, mark, suffix = text.strip().partition("?")
    if not mark:
        return target, ()
    headers = []
    for name, value in parse_qsl(suffix, keep_blank_values=True):
        if name.replace("-", "").isalnum() and name.isascii():
            full = name if name[:2].upper() == "X-" else f"X-{name}"
            headers.append((full, "".join(character for character in value if character.isprintable())))
    return target, tuple(headers)
