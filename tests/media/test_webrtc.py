"""Browser legs of the engine on real sockets: a session of one engine against one of another, which plays the browser."""

from __future__ import annotations

import asyncio

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from offhook.media.commands import Codec, Tone
from offhook.media.membership import Membership
from offhook.media.native import NativeEngine
from offhook.media.room import Room
from offhook.media.session import Sessions
from offhook.media.settings import MediaSettings
from offhook.media.webrtc import BrowserPeer, IceCredentials, Identity
from tests.support import audio
from tests.support.rtp_peer import RtpPeer

SETTINGS = MediaSettings(shards=2, port_low=24_000, port_high=24_999, browser_port=0, browser_host="127.0.0.1")
PASSWORD = "0123456789abcdef0123456789abcdef"


class Two:
    """An engine that serves and one that plays browsers."""

    def __init__(self, beside=None) -> None:
        self.server = beside.server if beside else NativeEngine(SETTINGS)
        self.ours = beside.ours if beside else Sessions(self.server)
        self.browser = NativeEngine(SETTINGS)
        self.theirs = Sessions(self.browser)

    async def pair(self, name="a", *, lite=True, codec=Codec.PCMU, tells=True):
        """A session of each, connected by what signalling would say."""
        here = IceCredentials(ufrag=f"server{name}", password=PASSWORD)
        there = IceCredentials(ufrag=f"browser{name}", password=PASSWORD[::-1])
        server, browser = self.ours.create(), self.theirs.create()
        ours = await server.open_to_browser(here, lite=lite)
        theirs = await browser.open_to_browser(there, lite=False, controlling=True)
        words = {"remote": ("127.0.0.1", 9), "codec": codec, "payload_type": 111, "dtmf_payload_type": 101}
        words["dtmf_clock"] = 48_000 if codec is Codec.OPUS else 8000
        fingerprint = theirs.fingerprint if tells else ours.fingerprint
        await server.connect(peer=BrowserPeer(local=here, remote=there, fingerprint=fingerprint), **words)
        at = (f"1 1 udp 2130706431 127.0.0.1 {ours.port} typ host",)
        peer = BrowserPeer(local=there, remote=here, fingerprint=ours.fingerprint, active=True, candidates=at)
        await browser.connect(peer=peer, **words)
        return server, browser

    async def close(self) -> None:
        await self.ours.close()
        await self.theirs.close()


def scene(main):
    async def play():
        two = Two()
        try:
            async with asyncio.timeout(20):
                await main(two)
        finally:
            await two.close()

    asyncio.run(play())


def presence(path, hertz):
    """For how many milliseconds a tone is in a recording."""
    heard, rate = audio.read_wav(path)
    return audio.presence(heard, hertz, rate=rate)


@pytest.mark.parametrize("lite", [True, False])
@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.OPUS])
def test_audio_and_keys_go_both_ways(lite, codec, tmp_path):
    async def main(two):
        server, browser = await two.pair("a", lite=lite, codec=codec)
        pressed = []
        server.on_digit = pressed.append
        recordings = [
            session.start_record(str(tmp_path / f"{name}.wav"))
            for name, session in (("server", server), ("browser", browser))
        ]
        await asyncio.gather(
            server.play(Tone(frequencies=(600.0,), on=600)), browser.play(Tone(frequencies=(900.0,), on=600))
        )
        await browser.send_digits("42")
        await asyncio.sleep(0.2)
        for recording in recordings:
            await recording.stop()
        assert presence(tmp_path / "server.wav", 900) >= 500
        assert presence(tmp_path / "browser.wav", 600) >= 500
        assert "".join(pressed) == "42"

    scene(main)


def test_a_browser_and_a_phone_are_bridged_whatever_thread_has_them(tmp_path):
    async def main(two):
        async with await RtpPeer.open() as phone:
            server, browser = await two.pair("a")
            session = two.ours.create()
            local = await session.open("127.0.0.1")
            await session.connect(remote=phone.address, codec=Codec.PCMU, payload_type=0)
            phone.talk_to((local.host, local.port))
            bridge = server.start_bridge(session)
            recording = browser.start_record(str(tmp_path / "browser.wav"))
            await asyncio.gather(
                phone.say(audio.sine(600, 600).tobytes()), browser.play(Tone(frequencies=(900.0,), on=600))
            )
            await asyncio.sleep(0.1)
            await recording.stop()
            await bridge.stop()
            assert presence(tmp_path / "browser.wav", 600) >= 400
            assert audio.presence(phone.heard(), 900) >= 400

    scene(main)


def test_a_browser_and_phones_meet_in_a_room_where_it_is_muted_and_removed(tmp_path):
    async def main(two):
        async with await RtpPeer.open() as ann, await RtpPeer.open() as bob:
            server, browser = await two.pair()
            phones = []
            for phone in (ann, bob):
                session = two.ours.create()
                local = await session.open("127.0.0.1")
                await session.connect(remote=phone.address, codec=Codec.PCMU, payload_type=0)
                phone.talk_to((local.host, local.port))
                phones.append(session)
            room = Room(two.ours)
            seat = room.join(server)
            others = [room.join(session) for session in phones]
            recording = browser.start_record(str(tmp_path / "browser.wav"))
            talking = browser.start_play(Tone(frequencies=(900.0,), on=10_000))
            await asyncio.gather(ann.say(audio.sine(600, 600).tobytes()), bob.say(audio.sine(1200, 600).tobytes()))
            await room.change(server, Membership(muted=True))
            await asyncio.sleep(0.3)
            before = [audio.presence(phone.heard(), 900) for phone in (ann, bob)]
            await asyncio.sleep(0.3)
            assert [audio.presence(phone.heard(), 900) for phone in (ann, bob)] == before
            assert min(before) >= 400
            await seat.stop()
            await talking.stop()
            await recording.stop()
            heard, _ = audio.read_wav(tmp_path / "browser.wav")
            assert min(audio.presence(heard, hertz) for hertz in (600, 1200)) >= 400
            assert audio.presence(heard, 900) == 0
            for other in others:
                await other.stop()

    scene(main)


def test_browsers_share_one_port_and_leave_nothing():
    async def main(two):
        # Browsers have ports of their own, so each is an engine of its own.
        further = [Two(two) for _ in range(3)]
        pairs = await asyncio.gather(*(each.pair(str(index)) for index, each in enumerate([two, *further])))
        await asyncio.gather(*(browser.play(Tone(frequencies=(600.0,), on=200)) for _, browser in pairs))
        await asyncio.sleep(0.1)
        assert len({server.local.port for server, _ in pairs}) == 1
        assert two.server.browser_entries == 3 * len(pairs)
        for server, browser in pairs:
            statistics = await server.close()
            assert statistics.packets_received == 10
            await browser.close()
        assert (two.server.browser_entries, two.browser.browser_entries) == (0, 0)
        for each in further:
            await each.theirs.close()

    scene(main)


def test_another_certificate_than_the_signalled_one_is_told_at_once():
    async def main(two):
        server, _ = await two.pair("a", tells=False)
        lost = asyncio.get_running_loop().create_future()
        server.on_lost = lost.set_result
        assert await lost == "the far end's certificate is not the one that it signalled"

    scene(main)


def test_a_port_that_another_has_keeps_browsers_out_and_nothing_else():
    async def main(two):
        taken = await two.ours.create().open_to_browser(IceCredentials(ufrag="abcd", password=PASSWORD))
        settings = MediaSettings(shards=1, browser_port=taken.port, browser_host="127.0.0.1")
        sessions = Sessions(NativeEngine(settings))
        with pytest.raises(Exception, match=f"cannot bind port {taken.port} for browsers"):
            await sessions.create().open_to_browser(IceCredentials(ufrag="abcd", password=PASSWORD))
        await sessions.create().open("127.0.0.1")
        await sessions.close()

    scene(main)


def test_an_identity_is_a_key_and_a_certificate_that_its_fingerprint_names():
    identity = Identity.new()
    certificate = x509.load_der_x509_certificate(identity.certificate)
    key = serialization.load_der_private_key(identity.private_key, None)
    assert certificate.public_key() == key.public_key()
    assert len(identity.fingerprint[1]) == 32
    assert Identity.new() != identity
    assert str(identity.private_key) not in repr(identity)
