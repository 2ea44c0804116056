"""What the doctor says of trunks, with a server and without."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from offhook.calls.trunks.findings import Finding, report
from offhook.cli import doctor_trunks
from offhook.cli.doctor_trunks import look_at_trunks, summary
from offhook.cli.ready import FILE_NAME, Ready, read
from offhook.config import load
from tests.calls_e2e.gateways import answering_options, black_hole
from tests.calls_e2e.peers import free_port
from tests.calls_e2e.server import Server


def written(folder: Path, **gateways: str) -> None:
    """A configuration file with a trunk for each of ``gateways``."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = [f'[[trunks]]\nname = "{name}"\ngateways = ["{uri}"]\n' for name, uri in gateways.items()]
    (folder / "offhook.toml").write_text("".join(tables))


def looked(folder: Path, running: Ready | None = None) -> dict[str, Finding]:
    settings = load(data_dir=folder, environment={"OFFHOOK_SIP_LISTEN": "127.0.0.1:0"})
    return {finding.subject: finding for finding in asyncio.run(look_at_trunks(settings, running))}


def test_without_a_server_trunks_are_tested_by_the_doctor_itself(tmp_path: Path) -> None:
    there, nobody = free_port(socket.SOCK_DGRAM), free_port()
    written(tmp_path, works=f"sip:127.0.0.1:{there}", broken=f"sip:127.0.0.1:{nobody};transport=tcp")
    with answering_options(there):
        found = looked(tmp_path)
    assert found["trunk/works"].fine
    assert found["trunk/works"].text == f"sip:127.0.0.1:{there}: it answers 200 OK"
    broken = found["trunk/broken"]
    assert not broken.fine
    assert broken.text.endswith(f"127.0.0.1:{nobody} refuses connections: nothing listens there")
    assert "gateways in offhook.toml" in broken.mend


def test_a_machine_without_trunks_has_nothing_to_be_said_of_them(tmp_path: Path) -> None:
    assert looked(tmp_path) == {}


def test_a_running_server_tests_them_and_says_which_gateways_calls_avoid(tmp_path: Path) -> None:
    nobody = free_port()
    written(tmp_path / "data", carrier=f"sip:127.0.0.1:{nobody};transport=tcp")
    with Server(tmp_path) as server:
        made = server.request("Trunks.json", FriendlyName="by api", OptionsInterval="0")["sid"]
        gateway = f"sip:127.0.0.1:{nobody};transport=tcp"
        server.request(f"Trunks/{made}/OriginationUrls.json", SipUrl=gateway)
        found = looked(tmp_path / "data", read(tmp_path / "data" / FILE_NAME))
    assert set(found) == {"trunk/carrier", "trunk/by api"}
    assert all("refuses connections" in finding.text for finding in found.values())


def test_a_server_that_cannot_be_asked_is_a_finding(tmp_path: Path) -> None:
    gone = Ready(api=f"https://127.0.0.1:{free_port()}", ca_file="", sip={}, account_sid="", auth_token="", pid=1)
    assert "cannot be asked" in looked(tmp_path, gone)["trunks"].text


def test_what_takes_too_long_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_trunks, "LIMIT", 0.2)
    with black_hole() as hole:
        written(tmp_path, slow=f"sip:{hole}")
        finding = looked(tmp_path)["trunk/slow"]
    assert (finding.fine, finding.text) == (False, "not all was looked at within 0.2 s")
    assert finding.mend == "offhook trunk test slow"


def test_a_report_becomes_one_line_and_what_is_wrong_names_its_gateway() -> None:
    head = Finding(subject="gateway", fine=True, text="sip:one")
    answers = Finding(subject="OPTIONS", fine=True, text="it answers 200 OK")
    silent = Finding(subject="OPTIONS", fine=False, text="it did not answer", mend="look at it")
    other = Finding(subject="gateway", fine=True, text="sip:two")
    fine = summary("trunk/x", report([head, answers]), [])
    assert (fine.fine, fine.text) == (True, "sip:one: it answers 200 OK")
    wrong = summary("trunk/x", report([head, answers, other, silent]), [])
    assert (wrong.fine, wrong.text, wrong.mend) == (False, "sip:two: it did not answer", "look at it")
    avoided = summary("trunk/x", report([head, answers]), ["calls avoid sip:one, which is down: 503"])
    assert (avoided.fine, avoided.text) == (False, "calls avoid sip:one, which is down: 503")
    assert avoided.mend
