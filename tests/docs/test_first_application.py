"""The tutorial's code, executed: the blocks of the page are the application, real calls are placed to it."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from flask import abort
from werkzeug.serving import BaseWSGIServer, make_server

from examples import platform

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-application.md"


@pytest.fixture
def application() -> Iterator[tuple[ModuleType, BaseWSGIServer]]:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 3
    module = ModuleType("hello")
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), module.__dict__)  # noqa: S102 - the page is ours
    server = make_server("127.0.0.1", 0, module.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield module, server
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.mark.timeout(180)
def test_the_tutorial_leads_where_it_says(application: tuple[ModuleType, BaseWSGIServer], tmp_path: Path) -> None:
    module, web = application
    server, running = platform.start(tmp_path, http="127.0.0.1:0", sip="127.0.0.1:0")

    @module.app.before_request
    def only_offhook() -> None:
        if not module.is_genuine(running.ready["auth_token"]):
            abort(403)

    def call(*arguments: str) -> str:
        command = [sys.executable, "-m", "offhook.cli.main", "call", "--data-dir", str(tmp_path), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    try:
        base = f"http://127.0.0.1:{web.server_port}"
        number = running.request(
            "IncomingPhoneNumbers.json", PhoneNumber="4000", isSIP="true", VoiceUrl=f"{base}/hello"
        )
        assert "“Hello, +15005550006.”" in call("4000", "--expect", "Hello, +15005550006")
        running.request(f"IncomingPhoneNumbers/{number['sid']}.json", VoiceUrl=f"{base}/ask")
        assert "“You pressed 7.”" in call("4000", "--press", "7", "--expect", "You pressed 7")
        assert "“You pressed nothing.”" in call("4000", "--expect", "You pressed nothing")
    finally:
        server.stop()
