"""Tokens that machines use: auth tokens of accounts and secrets of API keys. Random, never derived from anything."""

from __future__ import annotations

import secrets

from offhook.security.masked import Secret


def new_auth_token() -> Secret:
    """128 random bits as 32 hexadecimal digits, the form that clients of the API expect."""
    return Secret(secrets.token_hex(16))


def new_api_key_secret() -> Secret:
    """190 random bits as 32 letters and digits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return Secret("".join(secrets.choice(alphabet) for _ in range(32)))


def new_password() -> Secret:
    """A first password for a person to change: 120 random bits, easy to select and copy."""
    return Secret(secrets.token_urlsafe(15))
