"""What the doctor finds, and what it says to do."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from offhook.cli import doctor
from offhook.cli.doctor import look_at_ports
from offhook.cli.main import app
from offhook.cli.ready import Ready
from offhook.config import Settings, load
from offhook.speech.synthesizer import Speech, SpeechFailed, Utterance


def settings(directory: Path, **variables: str) -> Settings:
    return load(data_dir=directory, environment={"OFFHOOK_SPEECH_PROVIDERS": "espeak", **variables})


def free_media_ports() -> dict[str, str]:
    """A range that begins with a port that was free a moment ago: that of the setting may be somebody else's."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port % 2 == 0:
            return {"OFFHOOK_MEDIA_PORT_LOW": str(port), "OFFHOOK_MEDIA_PORT_HIGH": "65535"}


def test_a_fresh_machine_is_fine(tmp_path: Path) -> None:
    variables = free_media_ports() | {
        "OFFHOOK_API_PORT": "0",
        "OFFHOOK_SIP_LISTEN": "127.0.0.1:0",
        "OFFHOOK_SPEECH_PROVIDERS": "espeak",
    }
    done = CliRunner(env=variables).invoke(app, ["doctor", "--data-dir", str(tmp_path / "data")])
    assert done.exit_code == 0, done.output
    assert done.output.endswith("everything is fine\n")
    for subject in ("data", "HTTPS", "SIP/UDP", "SIP/TCP", "RTP", "certificate", "database", "media", "speech/espeak"):
        assert f"ok    {subject} " in done.output, done.output


def test_what_is_wrong_is_counted_and_fails(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "offhook.db").write_bytes(b"no database" * 100)
    variables = {
        "OFFHOOK_API_PORT": "0",
        "OFFHOOK_SIP_LISTEN": "127.0.0.1:0",
        "OFFHOOK_SPEECH_PROVIDERS": "espeak",
    }
    done = CliRunner(env=variables).invoke(app, ["doctor", "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "FAIL  data " in done.output
    assert f"→ chmod 700 {tmp_path}" in done.output
    assert "FAIL  database " in done.output
    assert done.output.endswith("2 to mend\n")


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = doctor.look_at_directory(tmp_path / "file" / "data")
    assert not finding.fine
    assert "--data-dir" in finding.mend


@pytest.mark.parametrize(("kind", "subject"), [(socket.SOCK_DGRAM, "SIP/UDP"), (socket.SOCK_STREAM, "SIP/TCP")])
def test_a_port_that_another_program_uses_is_named(kind: socket.SocketKind, subject: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        chosen = settings(tmp_path, OFFHOOK_SIP_LISTEN=f"127.0.0.1:{port}", OFFHOOK_API_PORT="0")
        findings = {finding.subject: finding for finding in doctor.look_at_ports(chosen, None)}
    assert [finding.subject for finding in findings.values() if not finding.fine] == [subject]
    assert f"127.0.0.1:{port}" in findings[subject].text
    assert "--sip" in findings[subject].mend


def test_the_ports_of_the_running_server_are_no_trouble(tmp_path: Path) -> None:
    ready = Ready(api="https://x", ca_file="", sip={}, account_sid="", auth_token="", pid=os.getpid())
    [finding] = doctor.look_at_ports(settings(tmp_path), ready)
    assert finding.fine
    assert f"pid {os.getpid()}" in finding.text


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no certificate")
    (tmp_path / "key.pem").write_text("no key")
    chosen = settings(
        tmp_path, OFFHOOK_API_TLS_CERT=str(tmp_path / "cert.pem"), OFFHOOK_API_TLS_KEY=str(tmp_path / "key.pem")
    )
    finding = doctor.look_at_certificate(chosen)
    assert not finding.fine
    assert "cert.pem" in finding.text
    assert "--tls-cert" in finding.mend


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    chosen = settings(tmp_path, OFFHOOK_STORE_URL="postgresql://me:secret@127.0.0.1:1/x")
    finding = asyncio.run(doctor.look_at_database(chosen))
    assert not finding.fine
    assert "127.0.0.1:1/x" in finding.text
    assert "secret" not in finding.text


def test_an_address_that_is_not_ours_has_no_audio(tmp_path: Path) -> None:
    finding = asyncio.run(doctor.look_at_media(settings(tmp_path, OFFHOOK_MEDIA_HOST="203.0.113.5")))
    assert not finding.fine
    assert "OFFHOOK_MEDIA_PORT_LOW" in finding.mend


class Mute:
    """An engine that is not installed."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def synthesize(self, utterance: Utterance) -> Speech:
        raise SpeechFailed(f"no program to say {utterance.text}")


def test_a_speech_engine_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PROVIDERS", {"espeak": lambda _settings: Mute()})
    finding = asyncio.run(doctor.look_at_speech(settings(tmp_path), "espeak"))
    assert (finding.fine, finding.text) == (False, "no program to say hello")
    assert "OFFHOOK_SPEECH_PROVIDERS" in finding.mend


def test_further_listeners_are_looked_at_too(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = taken.getsockname()
        settings = load(data_dir=tmp_path, flags={"sip.listen_tls": "{}:{}".format(*where)}, environment={})
        (found,) = (one for one in look_at_ports(settings, None) if one.subject == "SIP/TLS")
    assert not found.fine
    assert "sip.listen" in found.mend
