import re

from offhook.security.tokens import new_api_key_secret, new_auth_token, new_password


def test_auth_tokens_have_the_form_that_clients_expect_and_never_repeat():
    tokens = {new_auth_token().reveal() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch("[0-9a-f]{32}", token) for token in tokens)


def test_api_key_secrets_and_first_passwords_are_long_and_plain():
    assert re.fullmatch("[A-Za-z0-9]{32}", new_api_key_secret().reveal())
    assert re.fullmatch("[A-Za-z0-9_-]{20}", new_password().reveal())
