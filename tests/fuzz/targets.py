"""What is fuzzed: every reader of bytes from the network, and the endpoint behind them.

A target takes any bytes. Whatever it raises is a defect: the package's own errors are caught where they are the answer to
bad input. ``tests.fuzz.run`` feeds them with coverage as its guide, ``test_targets`` with the seeds and what was found.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from offhook.sip import dtmf, grammar
from offhook.sip.crypto import Crypto
from offhook.sip.digest import Challenge, Credentials
from offhook.sip.errors import NoCommonMedia, NotLocated, RemoteProtocolError
from offhook.sip.flow import Flow, Transport
from offhook.sip.framing import StreamFramer
from offhook.sip.headers import CSeq, MediaType, Reason, retry_after
from offhook.sip.ice import Fingerprint, WebTransport
from offhook.sip.locating import Reach, locate
from offhook.sip.message import Request, check, parse
from offhook.sip.offer import agree, answer, make_offer
from offhook.sip.packages import EventName
from offhook.sip.refer import ReferTo, Replaces, TargetDialog
from offhook.sip.registrar import Registrar
from offhook.sip.sdp import Sdp
from offhook.sip.testing import counted_bits
from offhook.sip.uri import NameAddr, Uri
from offhook.sip.via import Via
from tests.fuzz.bytesource import ByteSource
from tests.fuzz.endpoint_play import play
from tests.fuzz.seeds import DESCRIPTION, MESSAGE, PLAYS, TEXTS, touch

REACH = Reach(transports=tuple(Transport))
WEB = WebTransport(
    ufrag="ours", password="o" * 22, fingerprint=Fingerprint(hash="sha-256", digest=bytes(32)), setup="passive"
)


def read_message(data: bytes) -> None:
    """A datagram is a message or an error, survives a round trip, and can be answered."""
    try:
        message = parse(data)
    except RemoteProtocolError:
        return
    touch(message)
    assert parse(bytes(message)).body == message.body
    with contextlib.suppress(RemoteProtocolError):
        check(message)
        if isinstance(message, Request):
            response = parse(bytes(message.response(500, to_tag="t")))
            assert response.get("call-id") == message.get("call-id")
            Registrar().register("a", message, Flow(Transport.UDP, "192.0.2.1", 5060), 0.0)


def frame_stream(data: bytes) -> None:
    """A stream is cut the same way however it arrives, or given up; nothing is held but what has no end yet."""
    source = ByteSource(data)
    size, stream = 1 + source.byte(), source.take(len(data))
    whole, pieces = StreamFramer(max_head=4096, max_body=4096), StreamFramer(max_head=4096, max_body=4096)
    try:
        at_once = whole.receive(stream)
    except RemoteProtocolError:
        return
    bit_by_bit = [frame for at in range(0, len(stream), size) for frame in pieces.receive(stream[at : at + size])]
    messages = [frame for frame in at_once if isinstance(frame, bytes)]
    assert messages == [frame for frame in bit_by_bit if isinstance(frame, bytes)]
    assert whole.pending == pieces.pending <= len(stream)


def read_description(data: bytes) -> None:
    """A session description is read or refused, and one that was read can be answered and written."""
    try:
        sdp = Sdp.parse(data)
    except RemoteProtocolError:
        return
    with contextlib.suppress(NoCommonMedia):
        agree(make_offer("192.0.2.9", 4000, session_id=1), sdp)
    with contextlib.suppress(NoCommonMedia):
        written, agreement = answer(sdp, "192.0.2.9", 4000, session_id=1)
        assert len(Sdp.parse(bytes(written)).media) == len(sdp.media)
        assert 0 <= agreement.payload_type <= 127
    with contextlib.suppress(NoCommonMedia):
        written, agreement = answer(sdp, "192.0.2.9", 4000, session_id=1, web=WEB)
        assert Sdp.parse(bytes(written)).bundle == written.bundle
        assert agreement.web is not None


READERS: tuple[Callable[[str], object], ...] = (
    Uri.parse, NameAddr.parse, Via.parse, CSeq.parse, Reason.parse, MediaType.parse, Challenge.parse, Credentials.parse,
    grammar.split_list, grammar.parse_parameters, ReferTo.parse, Replaces.parse, TargetDialog.parse, EventName.parse,
    Crypto.parse, retry_after,
)  # fmt: skip


def read_value(data: bytes) -> None:
    """A header value is read or refused, and what was read is written as what reads the same."""
    read = READERS[(data[0] if data else 0) % len(READERS)]
    try:
        value = read(data[1:].decode("utf-8", "surrogateescape"))
    except RemoteProtocolError:
        return
    if not isinstance(value, list | Mapping | float):
        assert str(read(str(value))) == str(value)


def read_keys(data: bytes) -> None:
    """A body of INFO is a key or none."""
    for kind in dtmf.MEDIA_TYPES:
        key = dtmf.read(kind, data)
        assert key is None or (key.digit in "0123456789*#ABCD" and 0 < key.duration < 3600)


def find_servers(data: bytes) -> None:
    """Any URI, with a DNS that knows nothing, leads somewhere or nowhere."""
    try:
        uri = Uri.parse(data.decode("utf-8", "surrogateescape"))
        search = locate(uri, REACH, counted_bits())
        next(search)
        for _ in range(10):
            search.send({})
    except (RemoteProtocolError, NotLocated, StopIteration):
        return
    raise AssertionError("the search does not end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to fuzz."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    longest: int
    """Bytes of an input."""


TARGETS: dict[str, Target] = {
    "message": Target(
        run=read_message, seeds=(MESSAGE, b"SIP/2.0 200 OK" + MESSAGE[MESSAGE.index(b"\r\n") :]), longest=4096
    ),
    "framing": Target(run=frame_stream, seeds=(b"\x03" + MESSAGE + b"\r\n\r\n" + MESSAGE,), longest=8192),
    "sdp": Target(run=read_description, seeds=(DESCRIPTION,), longest=4096),
    "values": Target(
        run=read_value, seeds=tuple(bytes([at]) + text.encode() for at, text in enumerate(TEXTS)), longest=512
    ),
    "keys": Target(run=read_keys, seeds=(b"Signal=5\r\nDuration=160\r\n", b"5"), longest=200),
    "servers": Target(run=find_servers, seeds=(b"sips:a@example;transport=tcp;maddr=[::1]",), longest=200),
    "endpoint": Target(run=play, seeds=PLAYS, longest=2000),
}
