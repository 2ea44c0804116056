"""A web application on loopback: answers with RCML, and keeps and verifies every request it gets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

Parameters = Mapping[str, str]
Page = str | bytes | Callable[[Parameters], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    parameters: Parameters
    """Of the query and of the form."""
    genuine: bool
    """Whether the signature is right, by the validator that applications use."""
    headers: Parameters = field(repr=False)


class Application:
    """``with Application() as app``: ``app.pages["/menu"] = "<Response>…"``, then ``app.url("/menu")`` in a number."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        """Path to a document, to audio (bytes), or to a function of the parameters."""
        self.auth_token: str | None = None
        """What requests are signed with; None: they are not verified."""
        self._asked: list[Asked] = []
        self._news = threading.Condition()
        handler = type("Handler", (_Handler,), {"application": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def asked(self, path: str | None = None) -> list[Asked]:
        """Requests so far, of one path or of all."""
        with self._news:
            return [asked for asked in self._asked if path is None or asked.path == path]

    def wait_for(self, path: str, seconds: float = 15.0, **parameters: str) -> Asked:
        """The first request for ``path`` with these parameters, once it has come."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                for asked in self._asked:
                    if asked.path == path and parameters.items() <= asked.parameters.items():
                        return asked
                if not self._news.wait(end - time.monotonic()):
                    seen = "\n".join(map(repr, self._asked[-20:]))
                    raise AssertionError(f"{path} was not asked with {parameters} within {seconds:g} s, but\n{seen}")

    def forget(self) -> None:
        """Start counting anew."""
        with self._news:
            self._asked.clear()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: str) -> tuple[int, str, bytes]:
        """Status, content type and content for one request."""
        path = urlsplit(target).path
        form = dict(parse_qsl(body, keep_blank_values=True))
        parameters = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True)) | form
        genuine = self.auth_token is None or RequestValidator(self.auth_token).validate(
            self.url(target), form, headers.get("X-Twilio-Signature", "")
        )
        with self._news:
            self._asked.append(
                Asked(method=method, path=path, parameters=parameters, genuine=bool(genuine), headers=dict(headers))
            )
            self._news.notify_all()
        match self.pages.get(path):
            case None:
                return 404, "text/plain", b"there is no such page"
            case bytes(page):
                return 200, "audio/wav", page
            case str(page):
                return 200, "application/xml", page.encode()
            case page:
                return 200, "application/xml", page(parameters).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    application: Application

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        status, kind, content = self.application.answer(self.command, self.path, dict(self.headers), body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""
