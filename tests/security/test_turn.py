from __future__ import annotations

from offhook.security.turn import IceServer, TurnCredentials


def test_the_password_is_what_a_relay_with_the_secret_works_out() -> None:
    # openssl dgst -sha1 -hmac north-of-the-river -binary <<< 1700000000:AC1 | base64 (without the line break)
    lent = TurnCredentials.lent("north-of-the-river", "AC1", 1_700_000_000)
    assert lent.username == "1700000000:AC1"
    assert lent.password == "a6US5lxRTLj2mCBgpz693wlmZfQ="
    assert lent.password not in repr(lent)


def test_only_relays_want_credentials() -> None:
    lent = TurnCredentials.lent("secret", "AC1", 1)
    stun, turn = lent.servers(["stun:relay.example:3478", "turns:relay.example:5349?transport=tcp"])
    assert stun == IceServer(url="stun:relay.example:3478", username=None, credential=None)
    assert (turn.username, turn.credential) == (lent.username, lent.password)
