"""Sessions whose far end is a browser."""

from __future__ import annotations

from offhook.media.commands import Codec, Tone
from offhook.media.conformance.bench import Bench, Suite, failure, scenario
from offhook.media.operation import MediaClosed
from offhook.media.webrtc import BrowserPeer, IceCredentials

WORD = "0123456789abcdef0123456789abcdef"
OURS = IceCredentials(ufrag="0123456789abcdef", password=WORD)
PEER = BrowserPeer(
    local=OURS,
    remote=IceCredentials(ufrag="remote", password=WORD[::-1]),
    fingerprint=("sha-256", b"\x11" * 32),
)
NOWHERE = ("127.0.0.1", 9)


class Browsers(Suite):
    @scenario
    async def test_browsers_share_a_port_and_are_told_who_we_are(self, bench: Bench) -> None:
        one, other = bench.sessions.create(), bench.sessions.create()
        opened = await one.open_to_browser(OURS)
        again = await other.open_to_browser(IceCredentials(ufrag="another", password=OURS.password))
        assert opened == again
        assert opened.fingerprint is not None
        assert (opened.fingerprint[0], len(opened.fingerprint[1])) == ("sha-256", 32)

    @scenario
    async def test_a_session_is_for_browsers_or_for_phones(self, bench: Bench) -> None:
        web, phone = bench.sessions.create(), bench.sessions.create()
        await web.open_to_browser(OURS)
        await phone.open("127.0.0.1")
        assert "opened to a browser" in await failure(web.connect(remote=NOWHERE, codec=Codec.PCMU, payload_type=0))
        refused = phone.connect(remote=NOWHERE, codec=Codec.PCMU, payload_type=0, peer=PEER)
        assert "ports of its own" in await failure(refused)

    @scenario
    async def test_a_browser_that_does_not_come_leaves_nothing_when_its_session_is_closed(self, bench: Bench) -> None:
        session = bench.sessions.create()
        await session.open_to_browser(OURS)
        await session.connect(remote=NOWHERE, codec=Codec.OPUS, payload_type=111, peer=PEER)
        playing = session.start_play(Tone(frequencies=(600.0,), on=5000))
        await session.close()
        assert playing.interrupted
        try:
            await session.open_to_browser(OURS)
        except MediaClosed:
            pass
        else:
            raise AssertionError("a closed session was opened")
