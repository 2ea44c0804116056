"""Starting an offhook server and speaking its API, with nothing but the standard library."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0


class Program:
    """A process of ours: started with its output in a file, ended by its own process id."""

    def __init__(self, name: str, *command: str, log: Path, env: dict[str, str] | None = None) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command], stdout=output, stderr=output, env=os.environ | (env or {})
            )

    def check(self) -> None:
        """Raise when it is no longer running, with its last words."""
        if self._process.poll() is not None:
            last_words = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise SystemExit(f"{self.name} ended with status {self._process.returncode}:\n{last_words}")

    def wait(self) -> int:
        return self._process.wait()

    def stop(self) -> None:
        """Ask it to end, and insist after a while."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class Platform:
    """A running server: its API as the administrator."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self._context = ssl.create_default_context(cafile=ready["ca_file"])
        login = f"{ready['account_sid']}:{ready['auth_token']}"
        self._authorization = "Basic " + base64.b64encode(login.encode()).decode()

    def request(self, path: str, **form: str) -> Any:
        """GET, or POST when there is a form; the answer as JSON, or as bytes when it is none."""
        url = f"{self.ready['api']}/2010-04-01/Accounts/{self.ready['account_sid']}/{path}"
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(url, data, {"Authorization": self._authorization})
        with urllib.request.urlopen(request, context=self._context, timeout=30) as response:
            body = response.read()
            return json.loads(body) if "json" in response.headers["Content-Type"] else body


def start(data_dir: Path, *, http: str, sip: str, trust: str = "127.0.0.0/8,::1/128") -> tuple[Program, Platform]:
    """Start a server that may reach applications on this machine, and wait until everything listens."""
    ready_file = data_dir / "ready.json"
    ready_file.unlink(missing_ok=True)
    loopback = {"OFFHOOK_EGRESS_ALLOW": "127.0.0.0/8,::1/128", "OFFHOOK_SIP_TRUST": trust}
    command = ["offhook.cli.main", "serve", "--data-dir", str(data_dir), "--http", http, "--sip", sip]
    server = Program("offhook", *command, "--ready-file", str(ready_file), log=data_dir / "server.log", env=loopback)
    deadline = time.monotonic() + START_TIMEOUT
    while not ready_file.exists():
        server.check()
        if time.monotonic() > deadline:
            server.stop()
            raise SystemExit(f"the server was not ready within {START_TIMEOUT:g} s; see {server.log}")
        time.sleep(0.05)
    return server, Platform(json.loads(ready_file.read_text()))


def start_application(port: int, *, log: Path) -> Program:
    """The example application on loopback, and wait until it answers."""
    application = Program("the application", "flask", "--app", "examples.menu", "run", "--port", str(port), log=log)
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        application.check()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/echo", b"", timeout=2).close()
        except OSError:
            if time.monotonic() > deadline:
                application.stop()
                raise SystemExit(f"the application was not ready within {START_TIMEOUT:g} s; see {log}") from None
            time.sleep(0.05)
        else:
            return application


NUMBERS = {
    "1000": ("menu", "a menu: press keys"),
    "1001": ("record", "record and hear yourself"),
    "1002": ("echo", "an echo"),
    "1003": ("dial", "calls the client alice"),
}
"""Demo number to path in the application, and what it does."""


def add_numbers(platform: Platform, application_url: str) -> None:
    """The demo numbers, unless they are there from an earlier run; their URLs are set anew."""
    known = {
        number["phone_number"]: number["sid"]
        for number in platform.request("IncomingPhoneNumbers.json?PageSize=1000")["incoming_phone_numbers"]
    }
    for number, (path, title) in NUMBERS.items():
        form = {"FriendlyName": title, "VoiceUrl": f"{application_url}/{path}", "VoiceMethod": "POST"}
        if number in known:
            platform.request(f"IncomingPhoneNumbers/{known[number]}.json", **form)
        else:
            platform.request("IncomingPhoneNumbers.json", PhoneNumber=number, isSIP="true", **form)


def add_clients(platform: Platform, passwords: dict[str, str]) -> None:
    """SIP clients with these passwords, unless they are there from an earlier run; passwords are set anew."""
    known = {client["login"]: client["sid"] for client in platform.request("Clients.json?PageSize=1000")["clients"]}
    for login, password in passwords.items():
        if login in known:
            platform.request(f"Clients/{known[login]}.json", Password=password)
        else:
            platform.request("Clients.json", Login=login, Password=password)
