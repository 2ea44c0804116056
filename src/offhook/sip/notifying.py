"""Whom we notify: REFER and SUBSCRIBE from the wire, the NOTIFYs that follow (RFC 3515, RFC 4488, RFC 6665 section 4.2).

What is to be told comes from the owner; who may ask is decided there too. A usage keeps its dialog when the call in that
dialog ends (RFC 5057): a phone that hangs up after its REFER still learns what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from offhook.sip.agent import Agent
from offhook.sip.answering import Silent
from offhook.sip.call import Call, CallState
from offhook.sip.dialog import Dialog, DialogKey
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.events import (
    ReferReceived,
    RequestHandle,
    SubscribeReceived,
    SubscriptionEnded,
    SubscriptionHandle,
)
from offhook.sip.exchange import Exchange
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response
from offhook.sip.packages import PACKAGES, EventName, Render, Termination
from offhook.sip.refer import SIPFRAG, ReferTo, TargetDialog, sipfrag, wants_no_subscription
from offhook.sip.referring import Referring
from offhook.sip.signalling import Headers
from offhook.sip.subscription import Subscription
from offhook.sip.transaction.transaction import Transaction

ALLOW_EVENTS = ", ".join((*PACKAGES, "refer"))
_ESTABLISHED = (CallState.ANSWERED, CallState.STANDING)


@dataclass(slots=True, kw_only=True)
class _Opening:
    """A request that asks for a subscription and waits for the owner's decision."""

    dialog: Dialog
    event: EventName
    silent: bool
    """A REFER whose sender wants no NOTIFY."""
    seconds: float
    answer: int
    """The status that accepts it."""


class Notifying:
    """The notifier's side of all subscriptions."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.referring = Referring(agent)
        self.openings: dict[RequestHandle, _Opening] = {}
        self.subscriptions: dict[SubscriptionHandle, Subscription] = {}
        self._usages: dict[DialogKey, list[Subscription]] = {}
        """The same by their dialog."""
        self.notifies: set[Exchange] = set()

    def sizes(self) -> dict[str, int]:
        """Entries of every table by name."""
        return {
            "subscriptions": len(self.subscriptions),
            "openings": len(self.openings),
            "notifies": len(self.notifies),
            "referrals": len(self.referring.open),
        }

    # -- from the wire ----------------------------------------------------------------------------------------------

    def knows(self, request: Request) -> bool:
        """Whether a request belongs to a dialog that subscriptions keep without a call."""
        return self._dialog(request) is not None

    def receive(self, request: Request, reply_to: Flow, now: float) -> None:
        """A request in such a dialog."""
        agent, dialog = self._agent, self._dialog(request)
        if dialog is None or not dialog.in_order(request):
            agent.respond_statelessly(request, 500, reply_to)  # RFC 3261 §12.2.2
            return
        self.within(dialog, None, request, agent.transactions.open_server(request, reply_to, Silent(), now), now)

    def outside(self, request: Request, source: Flow, reply_to: Flow, now: float) -> None:
        """A SUBSCRIBE, or a REFER about a dialog that it names (RFC 4538), outside of dialogs.

        Raises ``RemoteProtocolError``.
        """
        agent = self._agent
        dialog = Dialog.of_incoming(request, agent.ids.tag(), source)
        if not request.from_tag:
            raise RemoteProtocolError(f"a {request.method} without From tag")
        if not self._has_room():
            agent.respond_statelessly(request, 503, reply_to, [("Retry-After", str(agent.settings.retry_after))])
        elif request.method == "REFER":
            refer_to = ReferTo.of(request)
            named = request.get("target-dialog")
            opening = _Opening(
                dialog=dialog,
                event=EventName(package="refer"),
                silent=wants_no_subscription(request),
                seconds=agent.settings.refer_limit,
                answer=202,
            )
            dialog.referred = True
            handle = self._open(agent.transactions.open_server(request, reply_to, Silent(), now), opening, now)
            about = None if named is None else TargetDialog.parse(named)
            event = ReferReceived(
                handle=handle, call=None, request=request, source=source, refer_to=refer_to, about=about
            )
            agent.events.append(event)
        else:
            self._subscribed(dialog, request, source, reply_to, now)

    def _subscribed(self, dialog: Dialog, request: Request, source: Flow, reply_to: Flow, now: float) -> None:
        agent = self._agent
        event = EventName.parse(request.get("event"))
        if event.package not in PACKAGES:
            agent.respond_statelessly(request, 489, reply_to, [("Allow-Events", ALLOW_EVENTS)])
            return
        seconds = self._seconds(request)
        if seconds is None:
            agent.respond_statelessly(request, 423, reply_to, [("Min-Expires", str(agent.settings.min_subscription))])
            return
        opening = _Opening(dialog=dialog, event=event, silent=False, seconds=seconds, answer=200)
        handle = self._open(agent.transactions.open_server(request, reply_to, Silent(), now), opening, now)
        agent.events.append(SubscribeReceived(handle=handle, package=event.package, request=request, source=source))

    def within(self, dialog: Dialog, call: Call | None, request: Request, own: Transaction, now: float) -> None:
        """A REFER, SUBSCRIBE or NOTIFY in a dialog; ``call`` is None when no call uses it (any more)."""
        try:
            match request.method:
                case "REFER" if call is not None and call.state in _ESTABLISHED:
                    self._referred(dialog, call, request, own, now)
                case "SUBSCRIBE":
                    self._resubscribed(dialog, request, own, now)
                case "NOTIFY":
                    self.referring.notified(call, request, own, now)
                case _:
                    self._agent.respond(own, 481, now)
        except RemoteProtocolError as error:
            self._agent.respond(own, error.status_hint, now)

    def _referred(self, dialog: Dialog, call: Call, request: Request, own: Transaction, now: float) -> None:
        agent = self._agent
        refer_to = ReferTo.of(request)
        if not self._has_room():
            agent.respond(own, 503, now, headers=(("Retry-After", str(agent.settings.retry_after)),))
            return
        # The first REFER of a dialog needs no id; those after it are told apart by their sequence number (§2.4.6).
        event = EventName(package="refer", id=str(request.cseq.number) if dialog.referred else None)
        dialog.referred = True
        seconds = agent.settings.refer_limit
        opening = _Opening(
            dialog=dialog, event=event, silent=wants_no_subscription(request), seconds=seconds, answer=202
        )
        handle = self._open(own, opening, now)
        source = dialog.flow
        agent.events.append(
            ReferReceived(handle=handle, call=call.handle, request=request, source=source, refer_to=refer_to)
        )

    def _resubscribed(self, dialog: Dialog, request: Request, own: Transaction, now: float) -> None:
        """A SUBSCRIBE within a dialog: refresh or end (§4.2.1.4)."""
        agent = self._agent
        event = EventName.parse(request.get("event"))
        found = next((one for one in self._usages.get(dialog.key, ()) if one.event == event), None)
        if found is None or found.termination is not None:
            agent.respond(own, 481, now)
            return
        seconds = self._seconds(request)
        if seconds is None:
            agent.respond(own, 423, now, headers=(("Min-Expires", str(agent.settings.min_subscription)),))
            return
        dialog.refresh(request)
        headers = [("Expires", str(seconds)), ("Contact", agent.contact(dialog.flow, sips=dialog.sips))]
        agent.respond(own, 200, now, headers=headers)
        self._arm(found, seconds, now)
        if seconds:
            found.repeat()
            self._send(found, now)

    # -- intentions -------------------------------------------------------------------------------------------------

    def accept(self, handle: SubscriptionHandle, now: float) -> None:
        """202 to a REFER; NOTIFYs follow unless its sender wanted none."""
        agent = self._agent
        transaction, opening = self._take(handle)
        if transaction is None or opening is None:
            return
        headers: list[tuple[str, str]] = [("Contact", agent.contact(opening.dialog.flow, sips=opening.dialog.sips))]
        if opening.silent:
            headers.append(("Refer-Sub", "false"))
        if opening.answer == 200:
            headers.append(("Expires", str(round(opening.seconds))))
        agent.respond(transaction, opening.answer, now, to_tag=opening.dialog.local_tag, headers=headers)
        if opening.silent:
            return
        steps = opening.event.package == "refer"
        subscription = Subscription(
            handle, opening.dialog, opening.event, expires_at=now + opening.seconds, steps=steps
        )
        subscription.fetch = not opening.seconds
        self.subscriptions[handle] = subscription
        self._usages.setdefault(subscription.dialog.key, []).append(subscription)
        self._arm(subscription, opening.seconds or agent.settings.reply_limit, now)

    def refuse(self, handle: SubscriptionHandle, code: int, now: float, headers: Headers = ()) -> None:
        """Refuse a REFER or SUBSCRIBE."""
        transaction, _ = self._take(handle)
        if transaction is not None:
            self._agent.respond(transaction, code, now, headers=headers)

    def notify(self, handle: SubscriptionHandle, content_type: str, render: Render, now: float) -> None:
        """Tell the subscriber something; nothing when the subscription is over."""
        subscription = self.subscriptions.get(handle)
        if subscription is not None:
            subscription.tell(content_type, render)
            if subscription.fetch:
                subscription.end(Termination.TIMEOUT)  # Expires: 0 asks for the state once (§4.4.3)
            self._send(subscription, now)

    def terminate(self, handle: SubscriptionHandle, reason: Termination, now: float) -> None:
        """End a subscription with a last NOTIFY."""
        subscription = self.subscriptions.get(handle)
        if subscription is not None:
            subscription.end(reason)
            self._send(subscription, now)

    def end_all(self, now: float) -> None:
        """The process ends: subscribers shall come back to whoever is there then."""
        for handle, subscription in list(self.subscriptions.items()):
            self.terminate(handle, Termination.DEACTIVATED, now)
            self._forget(subscription)

    def sipfrag(self, handle: SubscriptionHandle, code: int, reason: str, now: float) -> None:
        """Tell how far a referred call has come; a final status ends the subscription."""
        body = sipfrag(code, reason)
        subscription = self.subscriptions.get(handle)
        if subscription is None:
            return
        subscription.tell(SIPFRAG, lambda _count: body)
        if code >= 200:
            subscription.end(Termination.NORESOURCE)
        self._send(subscription, now)

    # -- within -----------------------------------------------------------------------------------------------------

    def _dialog(self, request: Request) -> Dialog | None:
        usages = self._usages.get((request.call_id, request.to_tag, request.from_tag))
        return usages[0].dialog if usages else None

    def _seconds(self, request: Request) -> int | None:
        """How long a subscription shall last, 0 to end it; None when the wish is too short (RFC 6665 section 4.2.1.1)."""
        settings, wish = self._agent.settings, request.expires
        seconds = settings.subscription_limit if wish is None else min(wish, settings.subscription_limit)
        return None if 0 < seconds < settings.min_subscription else seconds

    def _has_room(self) -> bool:
        return len(self.subscriptions) + len(self.openings) < self._agent.settings.max_subscriptions

    def _open(self, own: Transaction, opening: _Opening, now: float) -> SubscriptionHandle:
        agent = self._agent
        handle = RequestHandle(agent.new_handle())
        agent.requests[handle] = own
        self.openings[handle] = opening
        limit = now + agent.settings.reply_limit
        agent.timers.start(limit, lambda at: self.refuse(SubscriptionHandle(handle), 500, at))
        return SubscriptionHandle(handle)

    def _take(self, handle: SubscriptionHandle) -> tuple[Transaction | None, _Opening | None]:
        request = RequestHandle(handle)
        return self._agent.requests.pop(request, None), self.openings.pop(request, None)

    def _arm(self, subscription: Subscription, seconds: float, now: float) -> None:
        if subscription.timer is not None:
            subscription.timer.stop()
        subscription.expires_at = now + seconds
        if seconds:
            subscription.timer = self._agent.timers.start(
                subscription.expires_at, lambda at: self._expired(subscription, at)
            )
        else:
            self._expired(subscription, now)

    def _expired(self, subscription: Subscription, now: float) -> None:
        subscription.end(Termination.TIMEOUT)
        self._send(subscription, now)

    def _send(self, subscription: Subscription, now: float) -> None:
        agent, dialog = self._agent, subscription.dialog
        notification = subscription.next(now)
        if notification is None:
            return
        flow = agent.way(dialog)
        if flow is None:
            subscription.lost()
            self._forget(subscription)
            return
        request = agent.in_dialog(
            dialog,
            "NOTIFY",
            flow,
            headers=[("Event", str(subscription.event)), ("Subscription-State", notification.state)],
            body=notification.body,
            content_type=notification.content_type,
        )

        def final(response: Response | None, at: float) -> None:
            self.notifies.discard(exchange)
            subscription.delivered()
            if response is None or response.status >= 300:
                subscription.lost()  # §4.2.2: it knows of none, or cannot be reached
            if notification.last or subscription.over:
                self._forget(subscription)
            else:
                self._send(subscription, at)

        exchange = Exchange(agent.transactions, final, None, None, agent.ids)
        exchange.dialog = dialog
        self.notifies.add(exchange)
        exchange.start(request, flow, now)

    def _forget(self, subscription: Subscription) -> None:
        if subscription.timer is not None:
            subscription.timer.stop()
        if self.subscriptions.pop(subscription.handle, None) is not None:
            usages = self._usages[subscription.dialog.key]
            usages.remove(subscription)
            if not usages:
                del self._usages[subscription.dialog.key]
            self._agent.events.append(SubscriptionEnded(handle=subscription.handle))
