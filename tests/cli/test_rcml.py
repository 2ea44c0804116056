"""``offhook rcml check`` on files, standard input and applications."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from offhook.cli.rcml import rcml

GOOD = "<Response><Say>Hello</Say></Response>"


def run(*words: str, given: str | None = None) -> Result:
    app = typer.Typer()
    app.command()(rcml)
    return CliRunner().invoke(app, ["check", *words], input=given)


class Application(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer("GET", self.path.partition("?")[2])

    def do_POST(self) -> None:
        self._answer("POST", self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, method: str, form: str) -> None:
        self.server.asked.append((method, form))  # type: ignore[attr-defined]
        status, text = (
            (404, "")
            if self.path.startswith("/gone")
            else (200, f"<Response><Redirect>{self.path}</Redirect></Response>")
        )
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def application() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_good_file_passes(tmp_path: Path) -> None:
    (tmp_path / "good.xml").write_text(GOOD)
    result = run(str(tmp_path / "good.xml"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing found" in result.stderr


def test_faults_stand_where_editors_look_for_them(tmp_path: Path) -> None:
    path = tmp_path / "bad.xml"
    path.write_text('<Response>\n  <Say loop="x">Hello</Say>\n</Response>')
    result = run(str(path))
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{path}:2:8: error: <Say loop")
    assert "1 error" in result.stderr


@pytest.mark.parametrize(("words", "status"), [((), 0), (("--strict",), 1)])
def test_warnings_are_faults_where_that_is_wished(words: tuple[str, ...], status: int) -> None:
    result = run("-", *words, given="<Response><Gather/><Say/></Response>")
    assert result.exit_code == status
    assert "2 warnings" in result.stderr


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_application_is_asked_like_a_call_would(application: Any, method: str) -> None:
    url = f"http://127.0.0.1:{application.server_port}/start"
    result = run(url, "--method", method)
    assert [asked[0] for asked in application.asked] == [method]
    assert "CallSid=CA000" in application.asked[0][1]
    if method == "POST":
        assert result.exit_code == 1
        assert "does nothing but ask for itself again" in result.stdout


def test_what_cannot_be_read_is_said(application: Any, tmp_path: Path) -> None:
    for source, reason in (
        (str(tmp_path / "none.xml"), "No such file"),
        (f"http://127.0.0.1:{application.server_port}/gone", "answered 404"),
        ("http://127.0.0.1:1/", "cannot be asked"),
    ):
        result = run(source)
        assert result.exit_code == 2
        assert reason in result.stderr
