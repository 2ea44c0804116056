"""A whole offhook server as a process of its own, as its users start it, and its REST API."""

from __future__ import annotations

import base64
import json
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.calls_e2e.peers import Program

LOOPBACK = "127.0.0.0/8"
START = 60.0


class Server:
    """``with Server(folder) as server``: started, ready, and stopped at the end; ``kill`` and ``start`` for a crash."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """``settings`` are OFFHOOK_ variables without the prefix, in small letters."""
        self.folder = folder
        self.ready: dict[str, Any] = {}
        self._settings = {f"OFFHOOK_{name.upper()}": value for name, value in settings.items()}
        self._program: Program | None = None
        self._runs = 0
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._program is not None:
            self._program.stop(20)

    def start(self, http: str = "127.0.0.1:0", sip: str = "127.0.0.1:0") -> None:
        """Start it, and wait until everything listens."""
        self._runs += 1
        ready = self.folder / f"ready-{self._runs}.json"
        # Several servers at a time, so each with a port of its own for browsers.
        here = {"EGRESS_ALLOW": LOOPBACK, "SIP_TRUST": LOOPBACK, "MEDIA_BROWSER_PORT": "0"}
        environment = {f"OFFHOOK_{name}": value for name, value in here.items()} | self._settings
        self._program = Program(
            *(sys.executable, "-m", "offhook.cli.main", "serve", "--data-dir", self.folder / "data"),
            *("--http", http, "--sip", sip, "--ready-file", ready),
            log=self.folder / f"server-{self._runs}.log",
            env=environment,
        )
        end = time.monotonic() + START
        while not ready.exists():
            if not self._program.running or time.monotonic() > end:
                self._program.stop(1)
                raise AssertionError(f"the server did not start:\n{self._program.output()[-4000:]}")
            time.sleep(0.05)
        self.ready = json.loads(ready.read_text())

    def kill(self) -> None:
        """As a power cut would."""
        assert self._program is not None
        self._program.kill()

    def stop(self) -> int:
        """Ask it to end; returns its status."""
        assert self._program is not None
        return self._program.stop(60)

    def sip(self, transport: str = "udp") -> str:
        """HOST:PORT."""
        return str(self.ready["sip"][transport])

    def log(self) -> str:
        assert self._program is not None
        return self._program.output()

    # the API

    def request(self, path: str, *, method: str | None = None, **form: str) -> Any:
        """GET, or POST when there is a form, below the account; JSON as data, anything else as bytes."""
        url = f"{self.ready['api']}/2010-04-01/Accounts/{self.ready['account_sid']}/{path}"
        data = urllib.parse.urlencode(form).encode() if form else None
        login = base64.b64encode(f"{self.ready['account_sid']}:{self.ready['auth_token']}".encode()).decode()
        request = urllib.request.Request(url, data, {"Authorization": f"Basic {login}"}, method=method)
        context = ssl.create_default_context(cafile=self.ready["ca_file"])
        try:
            with urllib.request.urlopen(request, context=context, timeout=20) as response:
                content = response.read()
                return json.loads(content) if "json" in response.headers.get("Content-Type", "") else content
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {form}: {error.code} {error.read().decode(errors='replace')}") from error

    def add_number(self, number: str, url: str, **more: str) -> str:
        """A number that runs an application; its sid."""
        form = {"PhoneNumber": number, "VoiceUrl": url, "VoiceMethod": "POST", "isSIP": "true", **more}
        return str(self.request("IncomingPhoneNumbers.json", **form)["sid"])

    def add_client(self, login: str, password: str) -> str:
        """A SIP client; its sid."""
        return str(self.request("Clients.json", Login=login, Password=password)["sid"])

    def calls(self) -> list[dict[str, Any]]:
        """Call records, newest first."""
        return list(self.request("Calls.json?PageSize=1000")["calls"])

    def call(self, sid: str) -> dict[str, Any]:
        return dict(self.request(f"Calls/{sid}.json"))

    def wait_for_call(self, sid: str, status: str, seconds: float = 10.0) -> dict[str, Any]:
        """The record of a call once it has a status."""
        end = time.monotonic() + seconds
        while (record := self.call(sid))["status"] != status:
            if time.monotonic() > end:
                raise AssertionError(f"the call is {record['status']}, not {status}")
            time.sleep(0.1)
        return record
