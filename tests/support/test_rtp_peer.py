from __future__ import annotations

import asyncio

import numpy as np

from tests.support import audio
from tests.support.rtp_peer import RtpPeer, parsed


def test_two_peers_hear_each_other_and_each_others_keys():
    async def main():
        async with await RtpPeer.open() as ann, await RtpPeer.open("PCMA") as bob:
            ann.talk_to(bob.address)
            bob.talk_to(ann.address)
            await asyncio.gather(ann.say(audio.sine(600, 400).tobytes()), bob.say(audio.sine(900, 400).tobytes()))
            await asyncio.gather(ann.press("15"), bob.press("#", lossy=True))
            await asyncio.sleep(0.1)
            assert abs(audio.presence(bob.heard(), 600) - 400) <= 80
            assert abs(audio.presence(ann.heard(), 900) - 400) <= 80
            assert (bob.keys, ann.keys) == ("15", "#")
            assert not [tear for tear in audio.tears(bob.heard(), 600) if tear.kind == "dropout"]

    asyncio.run(main())


def test_what_is_no_rtp_is_no_packet():
    assert parsed(b"OPTIONS sip:", ("", 0), 0) is None
    assert parsed(b"\x80\x00", ("", 0), 0) is None


def test_a_silent_peer_sends_nothing_until_it_speaks():
    async def main():
        async with await RtpPeer.open() as ann, await RtpPeer.open() as bob:
            ann.talk_to(bob.address, silent=True)
            await asyncio.sleep(0.1)
            assert bob.packets == []
            await ann.say(np.ones(160, np.int16).tobytes())
            await asyncio.sleep(0.05)
            assert len(bob.packets) == 1

    asyncio.run(main())
