import pickle

from offhook.security.masked import Secret


def test_a_secret_never_shows_itself_in_text():
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {secret!s} {[secret]} {{'k': {secret}}}"
    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"


def test_secrets_compare_by_value_and_text_is_compared_on_request():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("a").matches("a")
    assert not Secret("a").matches("\udc80")
    assert len({Secret("a"), Secret("a")}) == 1


def test_a_secret_survives_pickling():
    assert pickle.loads(pickle.dumps(Secret("a"))) == Secret("a")
