"""What clients do beside calls: messages and lamps, with programs that are not ours."""

from __future__ import annotations

import re
import time

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.sipp import Sipp
from tests.support import audio, g711

LOGINS = ("kara", "liam", "mona")


@pytest.fixture(scope="module")
def clients(server):
    for login in LOGINS:
        server.add_client(login, f"secret-of-{login}")


@pytest.fixture
def phone(server, clients, tmp_path):
    def ready(login, **more):
        return Baresip(tmp_path / login, login=login, server=server.sip(), password=f"secret-of-{login}", **more)

    return ready


@pytest.fixture
def client(server, clients, tmp_path):
    """A client of SIPp, as kara."""

    def ready(scenario, service, **keys):
        folder = tmp_path / scenario
        return Sipp(folder, scenario, server.sip(), service=service, calls=1, keys=keys, patience=30)

    return ready


def test_a_ringing_phone_is_picked_up_by_who_sees_its_lamp(server, phone, client, tmp_path):
    """Three programs: one calls, one rings, and the third takes the call by the names that its lamp tells."""
    with phone("liam", voice=700) as liam, phone("mona", answers=False) as mona:
        liam.registered()
        mona.registered()
        with client("client_watches", "mona") as watching:
            watching.logged("watching")
            liam.dial(f"sip:mona@{server.sip()}")
            mona.until("CALL_INCOMING")
            call_id, tag = re.findall('"([^"]*)"', watching.logged("named call-id="))
            folder = tmp_path / "picks-up"
            folder.mkdir()
            (folder / "speech.ulaw").write_bytes(g711.encode(audio.sine(2100, 8000)))
            with Sipp(
                folder, "client_picks_up", server.sip(), service="mona", calls=1, patience=30,
                keys={"named": f"{call_id};to-tag={tag};from-tag=0"}, credentials=("kara", "secret-of-kara"),
            ) as picking_up:  # fmt: skip
                liam.until("CALL_ESTABLISHED")
                mona.until("CALL_CLOSED")
                time.sleep(1.5)
                liam.hang_up()
                liam.until("CALL_CLOSED")
                outcome = picking_up.ended()
            assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors
        assert audio.presence(liam.heard(), 2100) >= 1000


def test_a_message_reaches_another_client(client, tmp_path):
    registering = client("client_registers", "liam")
    assert registering.run().successful == 1
    with Sipp(tmp_path / "reads", "client_reads", calls=1, patience=30, port=registering.port) as reading:
        outcome = client("client_writes", "liam", text="Is-anybody-there").run()
        assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors
        read = reading.ended()
        assert (read.successful, read.failed) == (1, 0), read.errors


@pytest.mark.parametrize("to", ["mona", "nobody", "+15550100"])
def test_a_message_that_cannot_be_delivered_is_refused(client, to):
    outcome = client("client_writes_in_vain", to, text="Hello").run()
    assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors


def test_a_lamp_shows_that_another_client_talks(server, phone, client):
    with phone("liam") as liam, phone("mona") as mona:
        liam.registered()
        mona.registered()
        with client("client_watches", "mona") as watching:
            watching.logged("watching")
            liam.dial(f"sip:mona@{server.sip()}")
            mona.until("CALL_ESTABLISHED")
            outcome = watching.ended()
        assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors
        liam.hang_up()
        mona.until("CALL_CLOSED")
