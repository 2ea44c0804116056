"""The peers themselves: what they do with each other, so that a failure elsewhere is offhook's."""

from __future__ import annotations

import time

from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.sipp import Sipp
from tests.support import audio, g711


def test_two_phones_hear_each_other_and_each_others_keys(tmp_path):
    with (
        Baresip(tmp_path / "ann", login="ann", voice=600) as ann,
        Baresip(tmp_path / "bob", login="bob", voice=900) as bob,
    ):
        ann.dial(bob.address)
        ann.until("CALL_ESTABLISHED")
        bob.until("CALL_ESTABLISHED")
        ann.press("42")
        assert [bob.until("CALL_DTMF_START")["param"] for _ in "42"] == ["4", "2"]
        time.sleep(1.0)
        ann.hang_up()
        bob.until("CALL_CLOSED")
        ann.until("CALL_CLOSED")
        assert audio.presence(bob.heard(), 600) >= 800
        assert audio.presence(ann.heard(), 900) >= 800
        assert audio.presence(ann.heard(), 600) == 0


def test_sipp_completes_calls_with_sipp_over_udp_and_tcp(tmp_path):
    for transport in ("udp", "tcp"):
        with Sipp(tmp_path / transport / "uas", "uas", transport=transport) as callee:
            time.sleep(0.3)
            outcome = Sipp(
                tmp_path / transport / "uac", "uac", callee.address, calls=20, rate=50, hold=100, transport=transport
            ).run()
        assert (outcome.status, outcome.successful, outcome.failed) == (0, 20, 0), outcome.errors


def test_a_caller_of_sipp_speaks_to_a_phone_and_hangs_up(tmp_path):
    (tmp_path / "uac").mkdir()
    (tmp_path / "uac" / "speech.ulaw").write_bytes(g711.encode(audio.sine(700, 2000)))
    with Baresip(tmp_path / "bob", login="bob") as bob:
        outcome = Sipp(
            tmp_path / "uac", "caller_speaks", f"127.0.0.1:{bob.sip_port}", service="bob", calls=1, hold=1500
        ).run()
        assert outcome.successful == 1, outcome.errors
        bob.until("CALL_CLOSED")
        assert audio.presence(bob.heard(), 700) >= 800


def test_a_caller_of_sipp_listens_until_the_phone_hangs_up(tmp_path):
    with (
        Baresip(tmp_path / "bob", login="bob") as bob,
        Sipp(tmp_path / "uac", "caller_listens", f"127.0.0.1:{bob.sip_port}", service="bob", calls=1) as caller,
    ):
        bob.until("CALL_ESTABLISHED")
        bob.hang_up()
        assert caller.ended().successful == 1


def test_a_caller_of_sipp_gives_up_on_a_phone_that_only_rings(tmp_path):
    with Baresip(tmp_path / "bob", login="bob", answers=False) as bob:
        outcome = Sipp(
            tmp_path / "uac", "caller_gives_up", f"127.0.0.1:{bob.sip_port}", service="bob", calls=1, hold=200
        ).run()
        assert outcome.successful == 1, outcome.errors


def test_a_caller_of_sipp_who_dials_nobody_is_refused(tmp_path):
    with Baresip(tmp_path / "bob", login="bob") as bob:
        outcome = Sipp(
            tmp_path / "uac", "caller_is_refused", f"127.0.0.1:{bob.sip_port}", service="nobody", calls=1
        ).run()
        assert outcome.successful == 1, outcome.errors
