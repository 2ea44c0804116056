from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import numpy as np
import pytest

from offhook.media.commands import Codec, CommandId, Connect, OpenSession, Pcm, Play, SessionId, Silence, Tone
from offhook.media.conformance import MediaConformance
from offhook.media.native import NativeEngine
from offhook.media.session import Sessions
from offhook.media.settings import MediaSettings
from tests.support import audio
from tests.support.media_bench import run_on_sockets
from tests.support.rtp_peer import RtpPeer
from tests.support.srtp import PROFILES, Protection, security

# Two threads, whatever the machine has, so that sessions that meet must be brought together.
SETTINGS = MediaSettings(shards=2, port_low=20_000, port_high=23_999, browser_port=0)


@pytest.fixture(autouse=True)
def directory(request, tmp_path):
    if request.instance is not None:
        request.instance.directory = tmp_path


class TestNativeEngine(MediaConformance):
    def run(self, main):
        run_on_sockets(lambda: NativeEngine(SETTINGS), main, self.directory)


def scene(main, settings=SETTINGS):
    """Run ``main(engine, sessions)`` in real time."""

    async def play():
        engine = NativeEngine(settings)
        sessions = Sessions(engine)
        try:
            async with asyncio.timeout(20):
                await main(engine, sessions)
        finally:
            await sessions.close()

    asyncio.run(play())


async def connected(sessions, peer, *, codec=Codec.PCMU, remote=None, talks=True, security=None):
    session = sessions.create()
    local = await session.open("127.0.0.1")
    await session.connect(
        remote=remote or peer.address,
        codec=codec,
        payload_type=peer.payload_type,
        dtmf_payload_type=peer.keys_payload_type,
        security=security,
    )
    if talks:
        peer.talk_to((local.host, local.port))
    return session


def test_a_bridge_changes_the_code_where_the_ends_differ():
    async def main(engine, sessions):
        async with await RtpPeer.open("PCMU") as ann, await RtpPeer.open("PCMA", 96) as bob:
            a = await connected(sessions, ann)
            b = await connected(sessions, bob, codec=Codec.PCMA)
            bridge = a.start_bridge(b)
            await asyncio.sleep(0.1)
            await asyncio.gather(ann.say(audio.sine(600, 400).tobytes()), bob.say(audio.sine(900, 400).tobytes()))
            await ann.press("7")
            await asyncio.sleep(0.1)
            await bridge.stop()
            assert {packet.payload_type for packet in bob.packets} == {8, 96}
            assert audio.presence(bob.heard(), 600) >= 360
            assert audio.presence(ann.heard(), 900) >= 360
            assert bob.keys == "7"

    scene(main)


def test_a_key_is_a_tone_for_a_bridged_end_that_knows_no_events():
    async def main(engine, sessions):
        async with await RtpPeer.open() as ann, await RtpPeer.open(keys_payload_type=None) as bob:
            a, b = await connected(sessions, ann), await connected(sessions, bob)
            bridge = a.start_bridge(b)
            await asyncio.sleep(0.1)
            await ann.press("5")
            await asyncio.sleep(0.2)
            await bridge.stop()
            assert audio.presence(bob.heard(), 770) >= 80
            assert audio.presence(bob.heard(), 1336) >= 80

    scene(main)


def test_keys_that_each_side_numbers_itself_are_understood():
    async def main(engine, sessions):
        async with await RtpPeer.open(keys_payload_type=101) as phone:
            session = await connected(sessions, phone)
            heard = []
            session.on_digit = heard.append
            await session.connect(
                remote=phone.address, codec=Codec.PCMU, payload_type=0, dtmf_payload_type=96, dtmf_accepts=101
            )
            await phone.press("7")
            await asyncio.sleep(0.1)
            assert heard == ["7"]

    scene(main)


def test_what_is_sent_is_one_stream_whatever_it_is_made_of():
    async def main(engine, sessions):
        async with await RtpPeer.open() as ann, await RtpPeer.open() as bob:
            a, b = await connected(sessions, ann), await connected(sessions, bob)
            await b.play(Tone(frequencies=(600.0,), on=100))
            bridge = a.start_bridge(b)
            await asyncio.sleep(0.2)
            await b.send_digits("12", on=60, off=40)
            await b.play(Tone(frequencies=(600.0,), on=100))
            await asyncio.sleep(0.2)
            await bridge.stop()
            sequences = [packet.sequence for packet in bob.packets]
            assert len({packet.ssrc for packet in bob.packets}) == 1
            assert np.all(np.diff(np.array(sequences, np.uint16)) == 1)

    scene(main)


def test_packets_go_to_where_the_far_end_really_is():
    async def main(engine, sessions):
        async with await RtpPeer.open() as phone:
            session = await connected(sessions, phone, remote=("127.0.0.1", 9))
            await asyncio.sleep(0.1)
            await session.play(Tone(frequencies=(600.0,), on=200))
            await asyncio.sleep(0.05)
            assert audio.presence(phone.heard(), 600) >= 160

    scene(main)


def test_an_address_that_never_answers_gets_no_more_than_its_limit():
    async def main(engine, sessions):
        async with await RtpPeer.open() as victim:
            local = await (session := sessions.create()).open("127.0.0.1")
            assert local.port
            session_id = session.id

            engine.send(
                Connect(
                    id=CommandId(2**40),
                    session=session_id,
                    remote=victim.address,
                    codec=Codec.PCMU,
                    payload_type=0,
                    unconfirmed_limit=5,
                )
            )
            played = await session.play(Tone(frequencies=(600.0,), on=300))
            assert played.duration == 300
            await asyncio.sleep(0.05)
            assert len(victim.packets) == 5

    scene(main)


def test_a_far_end_that_falls_silent_is_reported_once():
    async def main(engine, sessions):
        async with await RtpPeer.open() as phone:
            session = await connected(sessions, phone)
            lost = []
            session.on_lost = lost.append
            await asyncio.sleep(0.2)
            assert lost == []
            phone.close()
            await asyncio.sleep(0.7)
            assert lost == ["no audio came from the far end for 0 s"]

    scene(main, MediaSettings(shards=1, port_low=20_000, port_high=23_999, rtp_timeout=0.2))


def test_a_hundred_calls_that_play_wake_nobody_until_something_happens():
    async def main(engine, sessions):
        async with await RtpPeer.open() as phone:
            lines = [await connected(sessions, phone, talks=False) for _ in range(100)]
            for line in lines:
                line.start_play(Tone(frequencies=(600.0,), on=60_000))
            wakes = []
            listener = engine._listener
            engine.listen(lambda events: (wakes.append(len(events)), listener(events)))
            await asyncio.sleep(0.5)
            assert wakes == []
            assert engine.metrics()["packets_sent"] > 2000

    scene(main)


def test_a_prompt_is_decoded_once_however_often_it_is_played():
    async def main(engine, sessions):
        async with await RtpPeer.open() as phone:
            line = await connected(sessions, phone, talks=False)
            for _ in range(20):
                await line.play(Pcm(data=bytes(bytearray(320)), rate=16_000))
            metrics = engine.metrics()
            assert (metrics["prompt_misses"], metrics["prompt_hits"]) == (1, 19)

    scene(main)


def test_nonsense_fails_as_an_event_and_an_id_at_work_is_refused_at_once():
    async def main(engine, sessions):
        ends = []
        engine.listen(ends.extend)
        engine.send(OpenSession(id=CommandId(1), session=SessionId(1), host="127.0.0.1", port=70_000))
        engine.send(OpenSession(id=CommandId(2), session=SessionId(1), host="localhost"))
        engine.send(OpenSession(id=CommandId(3), session=SessionId(3), host="127.0.0.1"))
        engine.send(Play(id=CommandId(4), session=SessionId(3), sources=(Silence(duration=1000),)))
        with pytest.raises(RuntimeError, match="at work"):
            engine.send(Play(id=CommandId(4), session=SessionId(3), sources=()))
        await asyncio.sleep(0.1)
        assert [type(end).__name__ for end in sorted(ends, key=lambda end: end.command)] == [
            "Failed",
            "Failed",
            "Finished",
        ]

    scene(main)


def test_garbage_on_the_media_ports_harms_nobody():
    async def main(engine, sessions):
        async with await RtpPeer.open() as phone:
            session = await connected(sessions, phone)
            recording = session.start_record("/dev/null")
            noise = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            random = np.random.default_rng(1)
            for size in range(0, 400, 2):
                for port in (session.local.port, session.local.port + 1):
                    head = bytes([0x80 | size & 0x3F, (0, 8, 101, 200, 201)[size % 5]]) if size % 3 else b""
                    noise.sendto(head + random.bytes(size), ("127.0.0.1", port))
            noise.close()
            await asyncio.sleep(0.1)
            await recording.stop()
            await phone.press("3")
            assert engine.metrics()["sessions"] == 1

    scene(main)


def test_ports_and_files_are_free_after_the_end(tmp_path):
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_files()

    async def main(engine, sessions):
        for _ in range(3):
            lines = [sessions.create() for _ in range(20)]
            for number, line in enumerate(lines):
                await line.open("127.0.0.1")
                line.start_record(str(tmp_path / f"{number}.wav"))
            for line in lines:
                await line.close()
        assert engine.metrics()["sessions"] == 0

    scene(main)
    assert open_files() <= before + 1
    assert len(os.listdir(tmp_path)) == 20


@pytest.mark.parametrize("suite", PROFILES)
def test_libsrtp_and_the_engine_understand_each_other(suite):
    async def main(engine, sessions):
        async with await RtpPeer.open() as phone:
            keys = security(suite)
            phone.protection = Protection(keys)
            session = await connected(sessions, phone, security=keys)
            echo = session.start_bridge(session)
            await phone.say(audio.sine(600, 300).tobytes())
            await asyncio.sleep(0.1)
            await echo.stop()
            assert audio.presence(phone.heard(), 600) >= 260
            assert phone.protection.refused == 0

    scene(main)


def test_who_has_another_key_or_none_is_neither_heard_nor_followed():
    async def main(engine, sessions):
        async with await RtpPeer.open() as phone, await RtpPeer.open() as stranger, await RtpPeer.open() as plain:
            phone.protection, stranger.protection = Protection(security()), Protection(security(fill=7))
            session = await connected(sessions, phone, security=security(), talks=False)
            local = (session.local.host, session.local.port)
            stranger.talk_to(local)
            plain.talk_to(local)
            await plain.press("1")
            await stranger.press("2")
            pressed = []
            session.on_digit = pressed.append
            await session.play(Tone(frequencies=(600.0,), on=200))
            phone.talk_to(local)
            await phone.press("3")
            await asyncio.sleep(0.1)
            assert pressed == ["3"]
            assert stranger.packets == plain.packets == []
            assert phone.packets

    scene(main)


def test_a_key_of_the_wrong_length_fails_as_an_event():
    async def main(engine, sessions):
        ends = []
        engine.listen(ends.extend)
        engine.send(OpenSession(id=CommandId(1), session=SessionId(1), host="127.0.0.1"))
        with pytest.raises(ValueError, match="is 30 bytes"):
            engine._engine.connect(
                2, 1, "127.0.0.1", 9, "PCMU", 0, [], None, 20, "sendrecv", 0, None,
                ("AES_CM_128_HMAC_SHA1_80", b"short", b"short"),
            )  # fmt: skip
        with pytest.raises(ValueError, match="is not known"):
            engine._engine.connect(2, 1, "127.0.0.1", 9, "PCMU", 0, [], None, 20, "sendrecv", 0, None, ("X", b"", b""))

    scene(main)
