"""A flood of requests without credentials, while people talk and others call."""

from __future__ import annotations

import sys

import pytest

from tests.calls_e2e.application import Application
from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.peers import Program
from tests.calls_e2e.server import Server
from tests.calls_e2e.sipp import Sipp
from tests.support import audio

SECONDS = 4


@pytest.mark.parametrize(("sources", "rate"), [(1, 2000), (200, 2000)])
def test_a_flood_touches_neither_audio_in_progress_nor_calls_that_begin(tmp_path, sources, rate):
    with Server(tmp_path / "server", sip_trust="127.0.0.1/32") as server, Application() as app:
        for path, hertz, length in (("tone", 600, (SECONDS + 3) * 1000), ("hello", 900, 500)):
            app.pages[f"/{path}.wav"] = audio.write_wav(tmp_path / "x.wav", audio.sine(hertz, length)).read_bytes()
            app.pages[f"/{path}"] = f"<Response><Play>/{path}.wav</Play><Hangup/></Response>"
        server.add_number("3100", app.url("/tone"))
        server.add_number("3101", app.url("/hello"))
        server.add_client("ann", "long-secret-1")
        with Baresip(tmp_path / "ann", login="ann", server=server.sip(), password="long-secret-1") as ann:
            ann.registered()
            ann.dial(f"sip:3100@{server.sip()}")
            ann.until("CALL_ESTABLISHED")
            flooding = Program(
                *(sys.executable, "-m", "tests.support.flood", server.sip(), "--rate", str(rate)),
                *("--seconds", str(SECONDS), "--sources", str(sources)),
                log=tmp_path / "flood.log",
            )
            try:
                outcome = Sipp(
                    tmp_path / "uac", "caller_listens", server.sip(), service="3101", calls=SECONDS * 3, rate=4
                ).run()
                flooding.process.wait(SECONDS + 10)
            finally:
                flooding.stop(0)
            assert int(flooding.output()) > 0.5 * SECONDS * rate
            ann.until("CALL_CLOSED", SECONDS + 10)
            heard = ann.heard()
        assert (outcome.successful, outcome.failed) == (SECONDS * 3, 0), outcome.errors
        assert audio.presence(heard, 600) >= (SECONDS + 3) * 1000 - 400
        assert [tear for tear in audio.tears(heard[: 8 * SECONDS * 1000], 600) if tear.kind == "dropout"] == []
