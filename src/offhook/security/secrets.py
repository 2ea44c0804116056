"""Secrets at rest: AES-256-GCM under keys that lie in a file outside the database (NIST SP 800-38D).

A sealed text names its key, so a new key may be added while old texts can still be opened. Losing the file loses the secrets.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from offhook.security.masked import Secret

_VERSION: Final = "v1"
_NONCE: Final = 12
_KEY: Final = 32


class SecretsError(Exception):
    """A key file or a sealed text is not usable; the message says what to do."""


class Keyring:
    """The keys. ``seal`` uses the newest; ``open`` whichever sealed the text."""

    def __init__(self, keys: dict[str, bytes], current: str) -> None:
        if current not in keys or any(len(key) != _KEY for key in keys.values()):
            raise SecretsError("A keyring needs its current key, and every key must have 32 bytes.")
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._raw = dict(keys)
        self._current = current

    @classmethod
    def random(cls) -> Keyring:
        """A new keyring with one key."""
        name = secrets.token_hex(4)
        return cls({name: secrets.token_bytes(_KEY)}, name)

    @classmethod
    def load_or_create(cls, path: Path) -> Keyring:
        """The keyring in the file ``path``; made (mode 0600) when there is none. Raises ``SecretsError``."""
        try:
            text = path.read_text()
        except FileNotFoundError:
            ring = cls.random()
            return ring if ring.save(path, exclusive=True) else cls.load_or_create(path)
        except OSError as error:
            raise SecretsError(f"The key file {path} cannot be read: {error.strerror}.") from error
        try:
            found = json.loads(text)
            keys = {str(name): base64.b64decode(key, validate=True) for name, key in found["keys"].items()}
            return cls(keys, str(found["current"]))
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
            raise SecretsError(f"The key file {path} is damaged; restore it from a backup.") from error

    @property
    def current(self) -> str:
        """Name of the key that seals."""
        return self._current

    def rotated(self, path: Path) -> Keyring:
        """A keyring with one more key, which seals from now on; written to ``path`` before it is returned."""
        name = secrets.token_hex(4)
        ring = Keyring({**self._raw, name: secrets.token_bytes(_KEY)}, name)
        ring.save(path, exclusive=False)
        return ring

    def seal(self, secret: Secret, context: str) -> str:
        """Text for the database. ``context`` (the owner's sid) is bound in: a text moved to another row does not open."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._keys[self._current].encrypt(nonce, secret.reveal().encode(), context.encode())
        return f"{_VERSION}.{self._current}.{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"

    def open(self, sealed: str, context: str) -> Secret:
        """The secret in a sealed text. Raises ``SecretsError``."""
        version, _, rest = sealed.partition(".")
        name, _, data = rest.partition(".")
        if version != _VERSION or name not in self._keys:
            raise SecretsError(
                f"A secret was sealed with key {name or '?'}, which the key file does not hold; restore the file from a backup."
            )
        try:
            raw = base64.b64decode(data, altchars=b"-_", validate=True)
            return Secret(self._keys[name].decrypt(raw[:_NONCE], raw[_NONCE:], context.encode()).decode())
        except (InvalidTag, ValueError) as error:
            raise SecretsError(f"A sealed secret of {context} is damaged or belongs to another owner.") from error

    def save(self, path: Path, *, exclusive: bool) -> bool:
        """Write the file whole or not at all; False when ``exclusive`` and somebody else made it first."""
        keys = {name: base64.b64encode(key).decode("ascii") for name, key in self._raw.items()}
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump({"current": self._current, "keys": keys}, file)
                file.flush()
                os.fsync(file.fileno())
            if exclusive:
                os.link(part, path)
            else:
                part.replace(path)
        except FileExistsError:
            return False
        except OSError as error:
            raise SecretsError(f"The key file {path} cannot be written: {error.strerror}.") from error
        finally:
            part.unlink(missing_ok=True)
        return True
