"""The first start."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

import pytest

from offhook.security.secrets import Keyring
from offhook.store import accounts
from offhook.store.engine import StoreError
from offhook.store.first_start import Administrator, administrator, node_name
from tests.support.databases import KINDS, NOW, database


@pytest.mark.parametrize("kind", KINDS)
def test_the_administrator_is_made_once_and_known_at_every_later_start(kind: str, tmp_path: Path) -> None:
    keyring, numbers = Keyring.random(), count()

    def new_sid(what: str) -> str:
        return {"account": "AC", "organization": "OR"}[what] + f"{next(numbers):032x}"

    async def scenario() -> tuple[Administrator, Administrator]:
        async with database(kind, tmp_path) as found:
            first = await administrator(found, keyring, domain="Voice.Example", now=NOW, new_sid=new_sid)
            again = await administrator(found, keyring, domain="other.example", now=NOW, new_sid=new_sid)
            async with found.reading() as session:
                row = await accounts.administrator(session)
            assert row is not None
            assert first.auth_token.reveal() not in row.auth_token
            return first, again

    first, again = asyncio.run(scenario())
    assert first.first_start
    assert not again.first_start
    assert (again.sid, again.auth_token) == (first.sid, first.auth_token)
    assert first.domain == again.domain == "voice.example"
    assert len(first.auth_token.reveal()) == 32


def test_a_node_keeps_its_name(tmp_path: Path) -> None:
    name = node_name(tmp_path / "node")
    assert len(bytes.fromhex(name)) == 8
    assert node_name(tmp_path / "node") == name
    assert node_name(tmp_path / "other") != name


@pytest.mark.parametrize("content", ["", "not a name", "0123456789ABCDEF\n1"])
def test_a_damaged_name_is_told_with_what_to_do(content: str, tmp_path: Path) -> None:
    (tmp_path / "node").write_text(content)
    with pytest.raises(StoreError, match="restore it"):
        node_name(tmp_path / "node")
