"""An endpoint whose peers, owner and clock do what a fuzzer's bytes say.

What must hold in the end whatever came: nothing was raised for what a peer said, a datagram was answered with few, every call
that was told of ended exactly once, and every table is empty.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from offhook.sip.endpoint import Endpoint
from offhook.sip.errors import SipError
from offhook.sip.events import (
    CallEnded,
    CallHandle,
    IncomingCall,
    MessageReceived,
    ReferReceived,
    RegisterReceived,
    RequestHandle,
    SubscribeReceived,
    SubscriptionHandle,
)
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.message import Request, Response, parse
from offhook.sip.packages import Termination
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import InstantMessage, Invitation
from offhook.sip.testing import counted_bits
from tests.fuzz.bytesource import ByteSource

PEERS = (
    Flow(Transport.UDP, "192.0.2.1", 5060),
    Flow(Transport.UDP, "192.0.2.2", 5060),
    Flow(Transport.TCP, "192.0.2.3", 5060, 1),
    Flow(Transport.UDP, "2001:db8::4", 5080),
)
METHODS = (
    "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "REGISTER", "PRACK", "UPDATE", "REFER", "NOTIFY", "SUBSCRIBE", "MESSAGE",
)  # fmt: skip
STATUSES = (100, 180, 183, 200, 202, 301, 401, 407, 408, 422, 423, 481, 486, 487, 491, 500, 503, 603)
HEADERS = (
    "Require: 100rel", "Supported: timer, 100rel, replaces", "RSeq: 1", "RAck: 1 1 INVITE", "Session-Expires: 90;refresher=uac",
    "Min-SE: 90", "Retry-After: 5", "Record-Route: <sip:192.0.2.2;lr>", "Route: <sip:192.0.2.2>", "Contact: *",
    "Contact: <sip:x@192.0.2.2;transport=tcp>;expires=60", "Content-Type: application/dtmf-relay", "Event: refer", "Event: dialog;id=1", "Target-Dialog: c1;local-tag=f1;remote-tag=a",
    "Subscription-State: terminated", "Refer-To: <sip:c@192.0.2.2?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>", "Replaces: c1;to-tag=a;from-tag=f1",
    'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"', "Max-Forwards: 0", "Expires: 0", "Reason: SIP;cause=200",
    "P-Asserted-Identity: <sip:x@y>", "Privacy: id", "Require: unheard-of", "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKz",
)  # fmt: skip
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 101\r\n"
BODIES = (b"", SDP, b"Signal=5\r\nDuration=160\r\n", b"SIP/2.0 200 OK\r\n")
_TRUSTING = SipSettings(trust=("0.0.0.0/0", "::/0"), max_calls=8)
SETTINGS = (
    _TRUSTING,
    replace(_TRUSTING, prack="required"),
    replace(_TRUSTING, prack="never"),
    replace(_TRUSTING, trust=(), source_burst=20),
)
WAITS = (0.01, 0.5, 2.0, 4.0, 11.0, 32.0, 64.0, 300.0)
MOST_STEPS = 120
MOST_ANSWERS = 6
"""Messages at once because of one that came: 2xx, ACK, BYE, CANCEL, and what a NOTIFY or two may add."""


class EndpointPlay:
    """One run: ``EndpointPlay(data).run()``."""

    def __init__(self, data: bytes) -> None:
        self._source = ByteSource(data)
        self._endpoint = Endpoint(
            self._source.pick(SETTINGS),
            random_bits=counted_bits(),
            local_address=lambda _peer: HostPort("192.0.2.100", 5060),
        )
        self._now = 0.0
        self._last = b""
        self._sent: list[Request | Response] = []
        self._calls: list[CallHandle] = []
        self._requests: list[RequestHandle] = []
        self._refers: list[SubscriptionHandle] = []
        self._begun: list[CallHandle] = []
        self._ended: list[CallHandle] = []

    def run(self) -> None:
        steps: tuple[Callable[[], None], ...] = (
            self._raw, self._request, self._request, self._in_dialog, self._in_dialog, self._response, self._response,
            self._again, self._wait, self._intend, self._intend, self._break,
        )  # fmt: skip
        for _ in range(MOST_STEPS):
            if not self._source.left:
                break
            self._source.pick(steps)()
        self._finish()

    def _finish(self) -> None:
        endpoint = self._endpoint
        endpoint.end_all(self._now)
        self._settle()
        for _ in range(100_000):
            moment = endpoint.deadline()
            if moment is None:
                break
            self._now = max(self._now, moment)
            endpoint.expire(self._now)
            self._settle()
        assert endpoint.idle, endpoint.sizes()
        assert sorted(self._begun) == sorted(self._ended), (self._begun, self._ended)

    def _settle(self) -> int:
        transmits = self._endpoint.transmits()
        for transmit in transmits:
            message = parse(transmit.data, stream=transmit.destination.transport.reliable)
            self._sent = [*self._sent[-19:], message]
        for event in self._endpoint.events():
            if isinstance(event, IncomingCall):
                self._calls.append(event.call)
                self._begun.append(event.call)
            elif isinstance(event, RegisterReceived | MessageReceived):
                self._requests.append(event.handle)
            elif isinstance(event, ReferReceived | SubscribeReceived):
                self._refers.append(event.handle)
            elif isinstance(event, CallEnded):
                self._ended.append(event.call)
        return len(transmits)

    # -- the peers --------------------------------------------------------------------------------------------------

    def _receive(self, data: bytes) -> None:
        source = self._source
        for _ in range(source.below(4)):
            position = source.below(len(data) + 1)
            data = data[:position] + source.piece() + data[position + source.below(20) :]
        self._last = data
        self._endpoint.receive(data, source.pick(PEERS), self._now)
        answers = self._settle()
        assert answers <= MOST_ANSWERS, f"{answers} messages because of one"

    def _raw(self) -> None:
        self._receive(self._source.piece() + self._source.piece())

    def _again(self) -> None:
        self._receive(self._last)

    def _request(self) -> None:
        """Outside dialogs, with few Call-IDs, branches and numbers, so that some are repeated or merged."""
        source = self._source
        method = source.pick(METHODS)
        self._receive(
            self._written(
                method, "<sip:b@192.0.2.100>", f"<sip:a@192.0.2.1>;tag=f{source.below(2)}", f"c{source.below(3)}"
            )
        )

    def _in_dialog(self) -> None:
        """As the peer of a dialog that our messages told of."""
        if not self._sent:
            return
        source = self._source
        message = source.pick(self._sent)
        method = source.pick(METHODS)
        ours, theirs = message.get("from") or "", message.get("to") or ""
        if isinstance(message, Response):
            ours, theirs = theirs, ours
        elif "tag=" not in theirs:
            theirs += f";tag=t{source.below(2)}"
        self._receive(self._written(method, ours, theirs, message.get("call-id") or ""))

    def _written(self, method: str, to: str, from_: str, call_id: str) -> bytes:
        source = self._source
        headers = [source.pick(HEADERS) for _ in range(source.below(3))]
        body = source.pick(BODIES)
        lines = [
            f"{method} sip:b@192.0.2.100 SIP/2.0",
            f"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{source.below(4)}{source.pick(('', method))};rport",
            f"From: {from_}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {source.below(6)} {method}",
            "Contact: <sip:a@192.0.2.1>",
            *headers,
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body

    def _response(self) -> None:
        requests = [message for message in self._sent if isinstance(message, Request)]
        if not requests:
            return
        source = self._source
        request = source.pick(requests)
        header = source.pick(HEADERS).partition(": ")
        fields = [("Contact", "<sip:x@192.0.2.2>"), (header[0], header[2])]
        if body := source.pick(BODIES):
            fields.append(("Content-Type", "application/sdp"))
        response = request.response(
            source.pick(STATUSES), to_tag=source.pick(("", "t0", "t1")), headers=fields, body=body
        )
        self._receive(bytes(response))

    def _break(self) -> None:
        self._endpoint.transport_failed(self._source.pick(PEERS), self._now)
        self._settle()

    # -- the clock and the owner ------------------------------------------------------------------------------------

    def _wait(self) -> None:
        self._now += self._source.pick(WAITS)
        self._endpoint.expire(self._now)
        self._settle()

    def _intend(self) -> None:
        """An intention; what is impossible in the state of a call is refused by an error, and that is all it does."""
        with contextlib.suppress(SipError):
            self._source.pick(
                (self._call, self._call, self._call, self._invite, self._ping, self._reply, self._refer, self._message)
            )()
        self._settle()

    def _invite(self) -> None:
        source, flows = self._source, PEERS[:2]
        several = source.byte() % 2
        invitation = Invitation(
            target="sip:x@192.0.2.1",
            from_uri="sip:b@192.0.2.100",
            destination=None if several else source.pick(PEERS),
            destinations=flows if several else (),
            response_limit=source.pick((None, 4.0)),
            sdp=source.pick((SDP, None)),
            username=source.pick(("u", None)),
            password="p",
        )
        call = self._endpoint.invite(invitation, self._now)
        self._calls.append(call)
        self._begun.append(call)

    def _ping(self) -> None:
        self._endpoint.ping("sip:x@192.0.2.1", self._now, self._source.pick((PEERS[:2], ())))

    def _message(self) -> None:
        message = InstantMessage(
            target="sip:x@192.0.2.1", from_uri="sip:b@192.0.2.100", content_type="text/plain", body=b"x"
        )
        self._endpoint.message(message, self._now)

    def _reply(self) -> None:
        if self._requests:
            self._endpoint.reply(self._source.pick(self._requests), self._source.pick(STATUSES), self._now)

    def _call(self) -> None:
        if not self._calls:
            return
        source, endpoint, now = self._source, self._endpoint, self._now
        call = source.pick(self._calls)
        intentions: tuple[Callable[[], object], ...] = (
            lambda: endpoint.ring(call, now, source.pick((180, 183)), sdp=source.pick((None, SDP))),
            lambda: endpoint.answer(call, source.pick((SDP, None)), now),
            lambda: endpoint.refuse(call, source.pick((486, 302, 603)), now),
            lambda: endpoint.challenge(call, ['Digest realm="r", nonce="n"'], now),
            lambda: endpoint.hangup(call, now, "SIP;cause=16"),
            lambda: endpoint.hangup(call, now),
            lambda: endpoint.acknowledge(call, SDP, now),
            lambda: endpoint.reinvite(call, SDP, now),
            lambda: endpoint.update(call, SDP, now),
            lambda: endpoint.accept_offer(call, SDP, now),
            lambda: endpoint.refuse_offer(call, now),
            lambda: endpoint.info(call, "application/dtmf-relay", BODIES[2], now),
            lambda: endpoint.refer(call, "<sip:c@192.0.2.3>", now),
        )
        source.pick(intentions)()

    def _refer(self) -> None:
        if not self._refers:
            return
        source, endpoint, now = self._source, self._endpoint, self._now
        refer = source.pick(self._refers)
        intentions: tuple[Callable[[], object], ...] = (
            lambda: endpoint.accept_refer(refer, now),
            lambda: endpoint.refuse_refer(refer, source.pick((403, 603)), now),
            lambda: endpoint.tell_refer(refer, source.pick(STATUSES), now),
            lambda: endpoint.accept_subscription(refer, now),
            lambda: endpoint.refuse_subscription(refer, 404, now),
            lambda: endpoint.challenge(refer, ['Digest realm="r", nonce="n"'], now),
            lambda: endpoint.notify(refer, "text/plain", lambda count: b"x" * count, now),
            lambda: endpoint.end_subscription(refer, source.pick(tuple(Termination)), now),
        )
        source.pick(intentions)()


def play(data: bytes) -> None:
    """The target."""
    EndpointPlay(data).run()
