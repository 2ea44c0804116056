"""Cutting a stream into messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.framing import KeepAlive, StreamFramer

ONE = b"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/TCP h\r\nContent-Length: 5\r\n\r\na\r\n\r\n"
TWO = b"OPTIONS sip:h SIP/2.0\r\nl : 0\r\n\r\n"
NONE = b"OPTIONS sip:h SIP/2.0\r\nX-Content-Length: 7\r\n\r\n"


def test_messages_come_out_whole_whatever_the_network_did() -> None:
    framer = StreamFramer()
    assert framer.receive(ONE + TWO + NONE + ONE[:30]) == [ONE, TWO, NONE]
    assert framer.pending == 30
    assert framer.receive(ONE[30:]) == [ONE]
    assert framer.pending == 0


@given(st.lists(st.sampled_from([ONE, TWO, NONE]), max_size=6), st.lists(st.integers(0, 400), max_size=20))
def test_where_the_stream_is_cut_makes_no_difference(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(messages)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    framer = StreamFramer()
    frames = [
        frame for start, end in zip(edges, edges[1:], strict=False) for frame in framer.receive(stream[start:end])
    ]
    assert frames == messages


def test_keep_alives_between_messages_are_reported() -> None:
    framer = StreamFramer()
    assert framer.receive(b"\r\n\r\n" + TWO + b"\r\n" + ONE) == [KeepAlive.PING, TWO, KeepAlive.PONG, ONE]
    assert framer.receive(b"\r") == []
    assert framer.receive(b"\n") == [KeepAlive.PONG]


@pytest.mark.parametrize(
    "data",
    [
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length: x\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 9999999999\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\nab",
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 200000\r\n\r\n",
        b"X" * 70_000,
        b"\rX",
    ],
)
def test_a_stream_that_cannot_be_cut_is_given_up(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        StreamFramer().receive(data)


def test_bounds_are_the_owners() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        StreamFramer(max_head=20).receive(TWO)
    assert caught.value.status_hint == 513
    with pytest.raises(RemoteProtocolError):
        StreamFramer(max_body=4).receive(ONE)
    assert StreamFramer(max_body=5).receive(ONE) == [ONE]


def test_a_folded_content_length_counts() -> None:
    folded = b"OPTIONS sip:h SIP/2.0\r\nContent-Length:\r\n  3\r\n\r\nabc"
    assert StreamFramer().receive(folded + TWO) == [folded, TWO]


@pytest.mark.parametrize("first", [b"\x16\x03\x01\x02\x00\x01", b"\n", b" ", b"\x00"])
def test_what_cannot_begin_a_message_is_refused_at_once(first: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        StreamFramer().receive(first)
