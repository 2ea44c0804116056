"""Hold and transfers among phones that are not ours, told by the tones that each of them hears."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.server import Server
from tests.calls_e2e.sipp import Sipp
from tests.support import audio, g711
from tests.support.audio import Samples

VOICES = {"hanna": 600, "iris": 900, "jonas": 1300}


@pytest.fixture(scope="module")
def clients(server):
    for login in VOICES:
        server.add_client(login, f"secret-of-{login}")


@pytest.fixture
def phones(server, clients, tmp_path):
    def ready(login, **more):
        return Baresip(
            tmp_path / login,
            login=login,
            server=server.sip(),
            password=f"secret-of-{login}",
            voice=VOICES[login],
            **more,
        )

    return ready


def presence_after(heard: Samples, hertz: int, milliseconds: int) -> int:
    """For how many milliseconds a tone is there in the last part of what was heard."""
    return audio.presence(heard[-8 * milliseconds :], hertz)


@pytest.mark.parametrize("by", ["caller", "callee"])
def test_a_blind_transfer_leaves_the_right_two_talking(server, phones, by):
    with phones("hanna") as hanna, phones("iris") as iris, phones("jonas") as jonas:
        for phone in (hanna, iris, jonas):
            phone.registered()
        hanna.dial(f"sip:iris@{server.sip()}")
        hanna.until("CALL_ESTABLISHED")
        iris.until("CALL_ESTABLISHED")
        time.sleep(1.0)
        leaves, stays = (hanna, iris) if by == "caller" else (iris, hanna)
        leaves.command("transfer", f"sip:jonas@{server.sip()}")
        jonas.until("CALL_ESTABLISHED")
        leaves.until("CALL_CLOSED")
        time.sleep(1.5)
        jonas.hang_up()
        stays.until("CALL_CLOSED")
        jonas.until("CALL_CLOSED")
        assert audio.presence(jonas.heard(), VOICES[stays.login]) >= 1000
        assert audio.presence(jonas.heard(), VOICES[leaves.login]) == 0
        assert audio.presence(stays.heard(), VOICES[leaves.login]) >= 500
        assert presence_after(stays.heard(), VOICES["jonas"], 1400) >= 1000
        assert presence_after(stays.heard(), VOICES[leaves.login], 1400) == 0


def test_the_recording_of_a_dial_goes_on_with_whoever_takes_its_place(server, phones, app, tmp_path):
    app.pages["/recorded"] = "<Response><Dial record='record-from-answer-dual'><Client>iris</Client></Dial></Response>"
    server.add_number("6100", app.url("/recorded"))
    with phones("hanna") as hanna, phones("iris") as iris, phones("jonas") as jonas:
        for phone in (hanna, iris, jonas):
            phone.registered()
        hanna.dial(f"sip:6100@{server.sip()}")
        iris.until("CALL_ESTABLISHED")
        time.sleep(1.5)
        iris.command("transfer", f"sip:jonas@{server.sip()}")
        jonas.until("CALL_ESTABLISHED")
        iris.until("CALL_CLOSED")
        time.sleep(1.5)
        jonas.hang_up()
        hanna.until("CALL_CLOSED")
    call = next(call for call in server.calls() if call["to"].endswith("6100"))
    server.wait_for_call(call["sid"], "completed")
    (recording,) = server.request(f"Calls/{call['sid']}/Recordings.json")["recordings"]
    assert float(recording["duration"]) >= 2
    (tmp_path / "recorded.wav").write_bytes(server.request(f"Recordings/{recording['sid']}.wav"))
    caller, others = audio.read_wav(tmp_path / "recorded.wav")[0].T
    assert audio.presence(caller, VOICES["hanna"]) >= 2400
    assert audio.presence(others, VOICES["iris"]) >= 1000
    assert presence_after(others, VOICES["jonas"], 1400) >= 1000
    assert presence_after(others, VOICES["iris"], 1400) == 0


def test_whoever_transfers_to_nobody_learns_it(server, phones):
    with phones("hanna") as hanna, phones("iris") as iris:
        for phone in (hanna, iris):
            phone.registered()
        hanna.dial(f"sip:iris@{server.sip()}")
        hanna.until("CALL_ESTABLISHED")
        iris.until("CALL_ESTABLISHED")
        time.sleep(0.5)  # a human's: they talk by then
        iris.command("transfer", f"sip:nobody@{server.sip()}")
        iris.prints("transfer failure: 404")  # and hangs up, as this phone does then
        hanna.until("CALL_CLOSED")


def test_who_is_held_is_silent_to_the_holder_and_both_are_back_afterwards(server, phones):
    with phones("hanna") as hanna, phones("iris") as iris:
        for phone in (hanna, iris):
            phone.registered()
        hanna.dial(f"sip:iris@{server.sip()}")
        hanna.until("CALL_ESTABLISHED")
        iris.until("CALL_ESTABLISHED")
        time.sleep(0.8)
        iris.command("hold")
        time.sleep(0.5)
        hanna.press("4")  # nobody hears it
        time.sleep(1.0)
        iris.command("resume")
        time.sleep(0.3)
        hanna.press("5")
        assert iris.until("CALL_DTMF_START")["param"] == "5"
        time.sleep(1.0)
        hanna.hang_up()
        iris.until("CALL_CLOSED")
        hanna.until("CALL_CLOSED")
        # This phone does not write what it hears after a hold: of 0.8 s before it, and of what would have come during it.
        assert 500 <= audio.presence(iris.heard(), VOICES["hanna"]) <= 1200
        assert presence_after(hanna.heard(), VOICES["iris"], 900) >= 600


def test_the_one_who_waits_hears_the_music_that_was_chosen(tmp_path: Path) -> None:
    music = audio.write_wav(tmp_path / "music.wav", audio.sine(1700, 500))
    with Server(tmp_path / "server", calls_hold_music=str(music)) as server:
        for login in ("hanna", "iris"):
            server.add_client(login, "secret-of-hers")

        def phone(login: str) -> Baresip:
            where = tmp_path / login
            return Baresip(where, login=login, server=server.sip(), password="secret-of-hers", voice=VOICES[login])

        with phone("hanna") as hanna, phone("iris") as iris:
            hanna.registered()
            iris.registered()
            hanna.dial(f"sip:iris@{server.sip()}")
            hanna.until("CALL_ESTABLISHED")
            iris.until("CALL_ESTABLISHED")
            time.sleep(0.5)
            iris.command("hold")
            time.sleep(1.5)
            iris.command("resume")
            time.sleep(1.0)
            hanna.hang_up()
            hanna.until("CALL_CLOSED")
            assert audio.presence(hanna.heard(), 1700) >= 1000
            assert presence_after(hanna.heard(), VOICES["iris"], 900) >= 600


@pytest.fixture(scope="module")
def music_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    music = audio.write_wav(folder / "music.wav", audio.sine(1700, 500))
    with Server(folder / "server", calls_hold_music=str(music)) as running:
        running.add_client("iris", "secret-of-hers")
        yield running


@pytest.mark.parametrize(
    ("address", "direction"),
    [("0.0.0.0", "sendrecv"), ("127.0.0.1", "inactive"), ("127.0.0.1", "sendonly")],  # noqa: S104
    ids=["the old way", "inactive", "sendonly"],
)
def test_music_is_heard_while_a_caller_holds_in_whatever_way(music_server, tmp_path, address, direction):
    with Baresip(
        tmp_path / "iris", login="iris", server=music_server.sip(), password="secret-of-hers", voice=900
    ) as iris:
        iris.registered()
        holding = caller(
            music_server,
            tmp_path / "holds",
            "caller_holds_in_his_way",
            "iris",
            2100,
            address=address,
            direction=direction,
        )
        outcome = holding.run()
        assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors
        iris.until("CALL_CLOSED")
        heard = iris.heard()
        assert audio.presence(heard[: 8 * 1200], 2100) >= 500
        assert audio.presence(heard, 1700) >= 1000, "music"
        assert presence_after(heard, 2100, 800) >= 500, "and the caller again"
        assert presence_after(heard, 1700, 600) == 0


def test_a_phone_that_is_asked_to_carries_the_transfer_out_by_itself(tmp_path):
    """``sip.transfer=refer``: our REFER goes on to the other side, which calls the target, and both of its calls here end."""
    with Server(tmp_path / "server", sip_transfer="refer", sip_domain="pbx.test") as server:
        for login in VOICES:
            server.add_client(login, "secret-of-hers")

        def phone(login: str) -> Baresip:
            return Baresip(
                tmp_path / login, login=login, server=server.sip(), domain="pbx.test", password="secret-of-hers",
                voice=VOICES[login],
            )  # fmt: skip

        with phone("hanna") as hanna, phone("iris") as iris, phone("jonas") as jonas:
            for each in (hanna, iris, jonas):
                each.registered()
            hanna.dial("sip:iris@pbx.test")
            hanna.until("CALL_ESTABLISHED")
            iris.until("CALL_ESTABLISHED")
            time.sleep(0.5)
            iris.command("transfer", "sip:jonas@pbx.test")
            jonas.until("CALL_ESTABLISHED")
            iris.until("CALL_CLOSED")
            time.sleep(1.5)
            jonas.hang_up()
            jonas.until("CALL_CLOSED")
            assert audio.presence(jonas.heard(), VOICES["hanna"]) >= 1000
            assert audio.presence(jonas.heard(), VOICES["iris"]) == 0
            froms = [call["from"] for call in server.calls() if call["to"].endswith("jonas")]
            assert any("hanna" in sender for sender in froms), "hanna called him by herself"


def caller(server, folder, scenario, service, hertz, transport="udp", **keys):
    """A caller of SIPp who speaks."""
    folder.mkdir()
    (folder / "speech.ulaw").write_bytes(g711.encode(audio.sine(hertz, 8000)))
    way = {"target": server.sip(transport), "transport": transport}
    return Sipp(folder, scenario, **way, service=service, calls=1, hold=1000, keys=keys, patience=30)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_an_attended_transfer_leaves_the_right_two_talking(server, phones, tmp_path, transport):
    """Three programs that are not ours: the one in the middle has a call with either phone and joins them."""
    with phones("iris") as iris, phones("jonas") as jonas:
        iris.registered()
        jonas.registered()
        with caller(server, tmp_path / "consults", "caller_consults", "jonas", 2100, transport) as consulting:
            jonas.until("CALL_ESTABLISHED")
            named = consulting.logged("Replaces=")
            transferring = caller(
                server,
                tmp_path / "transfers",
                "caller_transfers",
                "iris",
                1700,
                transport,
                target="jonas",
                named=f"?{named}",
            )
            outcome = transferring.run()
            assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors
            assert consulting.ended().successful == 1
        time.sleep(1.5)
        jonas.hang_up()
        iris.until("CALL_CLOSED")
        jonas.until("CALL_CLOSED")
        assert audio.presence(iris.heard(), 1700) >= 600
        assert audio.presence(jonas.heard(), 2100) >= 600
        assert presence_after(iris.heard(), VOICES["jonas"], 1400) >= 1000
        assert presence_after(jonas.heard(), VOICES["iris"], 1400) >= 1000
        assert presence_after(iris.heard(), 1700, 1400) == presence_after(jonas.heard(), 2100, 1400) == 0


def test_an_attended_transfer_into_an_application_leaves_it_undisturbed(server, phones, app, tmp_path):
    """Who comes hears the tone go on, and is understood: the application is asked once, and then for what he pressed."""
    app.pages["/tone.wav"] = audio.write_wav(tmp_path / "tone.wav", audio.sine(2300, 20_000)).read_bytes()
    app.pages["/menu"] = (
        "<Response><Gather numDigits='1' timeout='20' action='/chosen'><Play>/tone.wav</Play></Gather></Response>"
    )
    app.pages["/chosen"] = "<Response><Hangup/></Response>"
    server.add_number("6200", app.url("/menu"))
    with phones("iris") as iris:
        iris.registered()
        with caller(server, tmp_path / "consults", "caller_consults", "6200", 2100) as consulting:
            named = consulting.logged("Replaces=")
            transferring = caller(
                server, tmp_path / "transfers", "caller_transfers", "iris", 1700, target="6200", named=f"?{named}"
            )
            outcome = transferring.run()
            assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors
            assert consulting.ended().successful == 1
        time.sleep(1.5)
        iris.press("4")
        assert app.wait_for("/chosen").parameters["Digits"] == "4"
        iris.until("CALL_CLOSED")
    assert len(app.asked("/menu")) == 1
    assert audio.presence(iris.heard(), 1700) >= 600
    assert presence_after(iris.heard(), 2300, 1000) >= 800


def test_a_caller_who_transfers_in_vain_goes_on_talking(server, phones, tmp_path):
    with phones("iris") as iris:
        iris.registered()
        outcome = caller(
            server, tmp_path / "vain", "caller_transfers_in_vain", "iris", 1700, target="nobody", named=""
        ).run()
        assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors
        iris.until("CALL_CLOSED")
        assert audio.presence(iris.heard(), 1700) >= 1500
