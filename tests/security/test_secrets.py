import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.security.masked import Secret
from offhook.security.secrets import Keyring, SecretsError

RING = Keyring.random()


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_what_was_sealed_opens_for_its_owner_only(value, owner):
    sealed = RING.seal(Secret(value), owner)
    assert RING.open(sealed, owner).reveal() == value
    with pytest.raises(SecretsError):
        RING.open(sealed, owner + "x")


def test_the_same_secret_never_looks_the_same():
    assert RING.seal(Secret("a"), "AC1") != RING.seal(Secret("a"), "AC1")


def test_the_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "keys" / "secrets.key"
    first = Keyring.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secrets.key"]
    again = Keyring.load_or_create(path)
    assert again.open(first.seal(Secret("t"), "AC1"), "AC1").reveal() == "t"


def test_after_a_rotation_old_texts_open_and_new_ones_use_the_new_key(tmp_path):
    path = tmp_path / "secrets.key"
    old = Keyring.load_or_create(path)
    before = old.seal(Secret("t"), "AC1")
    new = old.rotated(path)
    assert new.current != old.current
    after = new.seal(Secret("t"), "AC1")
    loaded = Keyring.load_or_create(path)
    assert loaded.current == new.current
    assert loaded.open(before, "AC1") == loaded.open(after, "AC1") == Secret("t")
    with pytest.raises(SecretsError, match="does not hold"):
        old.open(after, "AC1")


@given(st.text())
def test_a_damaged_text_is_refused_with_our_own_error(text):
    for sealed in (text, f"v1.{RING.current}.{text}"):
        with pytest.raises(SecretsError):
            RING.open(sealed, "AC1")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"keys": [], "current": 1}',
        '{"keys": {"a": "?"}, "current": "a"}',
        '{"keys": {"a": "QQ=="}, "current": "a"}',
    ],
)
def test_a_damaged_key_file_stops_the_server_with_advice(tmp_path, content):
    path = tmp_path / "secrets.key"
    path.write_text(content)
    with pytest.raises(SecretsError, match=r"restore|needs its current key"):
        Keyring.load_or_create(path)


def test_a_key_file_that_cannot_be_made_says_where(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretsError, match="file"):
        Keyring.load_or_create(tmp_path / "file" / "secrets.key")
