from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import aiohttp
import pytest

from offhook.cli.api import Refused, ask
from offhook.cli.ready import Ready
from tests.calls_e2e.peers import free_port
from tests.support.api_node import TOKENS, api_node
from tests.support.databases import ADMINISTRATOR


def ready(url: str, ca_file: str) -> Ready:
    return Ready(
        api=url, ca_file=ca_file, sip={}, account_sid=ADMINISTRATOR, auth_token=TOKENS[ADMINISTRATOR], pid=os.getpid()
    )


def test_the_server_is_asked_as_its_administrator_and_its_words_are_kept(tmp_path: Path) -> None:
    with api_node(tmp_path) as node:
        at = ready(node.url, node.ca_file)
        found = json.loads(asyncio.run(ask(at, "GET", "Calls.json", query={"PageSize": "1"})))
        assert (found["calls"], found["page_size"]) == ([], 1)
        form = {"Login": "ann", "Password": "much-too-secret-1"}
        assert json.loads(asyncio.run(ask(at, "POST", "Clients.json", form=form)))["login"] == "ann"
        with pytest.raises(Refused, match="CAnone"):
            asyncio.run(ask(at, "GET", "Calls/CAnone.json"))
        with pytest.raises(aiohttp.ClientConnectionError):
            asyncio.run(ask(ready(f"https://127.0.0.1:{free_port()}", node.ca_file), "GET", "Calls.json"))
