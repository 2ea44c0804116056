"""The terminal phone as a person uses it: a real call to a real server, its transcript and its exit status."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from offhook.cli.main import app
from offhook.cli.ready import Ready
from offhook.media.wav import read_wav
from tests.calls_e2e.application import Application
from tests.calls_e2e.server import Server
from tests.support import audio

pytestmark = pytest.mark.usefixtures("phone_application")


def call(server: Server, *arguments: str | Path) -> tuple[int, str]:
    """Exit status and output."""
    done = CliRunner(env={"OFFHOOK_SPEECH_PROVIDERS": "espeak"}).invoke(
        app, ["call", "--data-dir", str(server.folder / "data"), *map(str, arguments)]
    )
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_keys_are_pressed_and_what_was_expected_is_heard(phone_server: Server) -> None:
    status, output = call(phone_server, "1000", "--press", "42", "--expect", "you PRESSED 42", "--transport", "tcp")
    assert status == 0, output
    assert output.startswith("calling 1000 …\nringing\n")
    for line in ("answered", "  “Press two.”", "you press 42", "  “You pressed 42”", "ended: the far end hung up"):
        assert f"{line}\n" in output, output


@pytest.mark.parametrize("how", ["--transport", "sips:", "sip:;transport=tls"])
def test_a_call_over_tls_believes_the_servers_own_authority(phone_server: Server, tmp_path: Path, how: str) -> None:
    number = {
        "--transport": ("1002", "--transport", "tls"),
        "sips:": (f"sips:1002@{phone_server.sip('tls')}", "--ca", phone_server.ready["ca_file"]),
        "sip:;transport=tls": ("sip:1002@localhost;transport=tls", "--server", phone_server.sip("tls"), "--ca",
                               phone_server.ready["ca_file"]),
    }[how]  # fmt: skip
    status, output = call(phone_server, *number, "--limit", "1", "--expect", "Wait")
    assert status == 0, output
    assert "\nanswered\n" in output


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("sips:1002@127.0.0.1", "--transport", "udp"), 2, "sips: is tls"),
        (("sip:1002@127.0.0.1;transport=sctp",), 2, "a phone speaks udp, tcp and tls"),
        (("sip:[:::1",), 2, "cannot be called"),
    ],
)
def test_an_address_that_cannot_be_called_says_why(
    phone_server: Server, arguments: tuple[str, ...], status: int, said: str
) -> None:
    got, output = call(phone_server, *arguments)
    assert (got, said in output) == (status, True), output


def test_a_server_that_nobody_vouches_for_is_not_called_over_tls(phone_server: Server) -> None:
    status, output = call(phone_server, "1002", "--server", phone_server.sip("tls"), "--transport", "tls")
    assert (status, "answered" in output) == (3, False), output


def test_what_was_not_said_is_named_and_fails(phone_server: Server) -> None:
    status, output = call(phone_server, "1002", "--limit", "1", "--expect", "Wait", "--expect", "bananas")
    assert status == 1
    assert output.endswith("the application did not say: 'bananas'\n")
    assert "'Wait'" not in output


def test_text_is_spoken_then_a_key_ends_the_recording(
    phone_server: Server, phone_application: Application, tmp_path: Path
) -> None:
    phone_application.forget()
    heard = tmp_path / "heard.wav"
    status, output = call(phone_server, "1001", "--say", "one two three", "--press", "#", "--record", heard)
    assert status == 0, output
    asked = phone_application.wait_for("/recorded", Digits="#")
    recording = phone_server.request(f"Recordings/{asked.parameters['RecordingSid']}.wav")
    samples = read_wav(recording)
    assert 1_500 <= samples.duration <= 4_500, "the other side's silence, the words, one second before the key"
    assert max(samples.samples) > 3_000, "the words are in the recording"
    thanks, _ = audio.read_wav(heard)
    assert audio.loudness(thanks[-8_000:]) > -40, "the application was heard"


def test_a_sound_file_is_played(phone_server: Server, phone_application: Application, tmp_path: Path) -> None:
    phone_application.forget()
    tone = audio.write_wav(tmp_path / "tone.wav", audio.sine(700, 1_000))
    status, output = call(phone_server, "1001", "--play", tone, "--press", "#")
    assert status == 0, output
    asked = phone_application.wait_for("/recorded", Digits="#")
    path = tmp_path / "recorded.wav"
    path.write_bytes(phone_server.request(f"Recordings/{asked.parameters['RecordingSid']}.wav"))
    assert audio.presence(audio.read_wav(path)[0], 700) >= 900


def test_what_cannot_be_played_or_pressed_fails(phone_server: Server, tmp_path: Path) -> None:
    (tmp_path / "tone.wav").write_text("no sound")
    status, output = call(phone_server, "1002", "--play", tmp_path / "tone.wav")
    assert status == 1
    assert "what can be played is WAV, MP3, Ogg (Opus or Vorbis) and FLAC" in output
    status, output = call(phone_server, "1002", "--press", "5?")
    assert status == 1
    assert "can be sent as keys" in output


def test_a_recording_that_cannot_be_written_rings_nobody(phone_server: Server) -> None:
    status, output = call(phone_server, "1002", "--record", "/nowhere/heard.wav")
    assert (status, "--record: /nowhere is no folder" in output, "calling" in output) == (2, True, False)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("1003",), "486 Busy Here"),
        (("4711",), "404 Not Found"),
        (("1002", "--user", "bob", "--password", "guess"), "403 Forbidden"),
        (("1002", "--user", "bob"), "407"),
    ],
)
def test_a_call_that_is_not_answered_says_why(phone_server: Server, arguments: tuple[str, ...], reason: str) -> None:
    status, output = call(phone_server, *arguments)
    assert status == 3
    assert f"ended: {reason}" in output


def test_a_client_calls_with_its_password(phone_server: Server, phone_application: Application) -> None:
    phone_application.forget()
    status, output = call(phone_server, "1002", "--user", "bob", "--password", "secret-of-bob", "--limit", "1")
    assert status == 0, output
    assert phone_application.wait_for("/wait").parameters["From"] == "client:bob"


def test_ctrl_c_hangs_up(phone_server: Server, phone_application: Application) -> None:
    phone_application.forget()
    command = [
        sys.executable,
        "-m",
        "offhook.cli.main",
        "call",
        "--data-dir",
        str(phone_server.folder / "data"),
        "1002",
    ]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as phone:
        assert phone.stdout is not None
        while "answered" not in phone.stdout.readline():
            assert phone.poll() is None
        phone.send_signal(signal.SIGINT)
        rest = phone.stdout.read()
    assert phone.returncode == 0, rest
    assert "hanging up" in rest
    sid = phone_application.wait_for("/wait").parameters["CallSid"]
    assert phone_server.wait_for_call(sid, "completed")


def test_without_a_server_it_says_what_to_do(tmp_path: Path) -> None:
    def unheard() -> tuple[int, str]:
        done = CliRunner().invoke(app, ["call", "--data-dir", str(tmp_path), "1000"])
        return done.exit_code, done.output

    status, output = unheard()
    assert (status, "offhook serve" in output) == (2, True)
    gone = subprocess.Popen(["true"])
    gone.wait()
    Ready(api="https://x", ca_file="x", sip={}, account_sid="AC", auth_token="", pid=gone.pid).write(
        tmp_path / "ready.json"
    )
    status, output = unheard()
    assert (status, f"pid {gone.pid}) is not running" in output) == (2, True)


def test_a_call_that_is_hung_up_at_once_was_answered_all_the_same(
    phone_server: Server, phone_application: Application
) -> None:
    phone_application.pages["/busy"] = "<Response><Play digits='1'/><Hangup/></Response>"
    try:
        for _ in range(3):
            status, output = call(phone_server, "1003")
            assert (status, "answered\n" in output) == (0, True), output
    finally:
        phone_application.pages["/busy"] = "<Response><Reject reason='busy'/></Response>"
