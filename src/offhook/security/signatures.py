"""How a request to an application is signed (``X-Twilio-Signature``) and how such a signature is checked.

HMAC over the URL as requested, followed for a form body by every parameter, sorted, name and value without separators.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

from offhook.security.masked import Secret

SIGNATURE_HEADER: Final = "X-Twilio-Signature"
SETTINGS_HEADER: Final = "X-Twilio-Webhooks-Signature-Settings"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}

Form = Sequence[tuple[str, str]]


class SignatureAlgorithm(StrEnum):
    """SHA-1 with the account's auth token; SHA-256 with a shared key of its own."""

    SHA1 = "sha1"
    SHA256 = "sha256"


def sign(url: str, form: Form, key: Secret, algorithm: SignatureAlgorithm = SignatureAlgorithm.SHA1) -> str:
    """The signature in base64. ``url`` as requested, without fragment; ``form`` empty for GET and raw bodies.

    The same pair given twice counts once, and values of one name are sorted.
    """
    text = url + "".join(name + value for name, value in sorted(set(form)))
    # A lone surrogate cannot be sent either; "replace" keeps hostile text from raising here.
    message = text.encode("utf-8", "replace")
    return base64.b64encode(hmac.digest(key.reveal().encode(), message, algorithm.value)).decode("ascii")


def with_body_hash(url: str, body: bytes) -> str:
    """``url`` with ``bodySHA256`` in its query: what is requested and signed when the body is no form."""
    parts = urlsplit(url)
    digest = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
    return urlunsplit(parts._replace(query=f"{parts.query}&{digest}" if parts.query else digest))


def signer(
    key: Secret, algorithm: SignatureAlgorithm = SignatureAlgorithm.SHA1, key_name: str | None = None
) -> Callable[[str, Form], Mapping[str, str]]:
    """A function from (URL, form) to the headers that sign it; ``key_name`` names the shared key of SHA-256."""

    def headers(url: str, form: Form) -> Mapping[str, str]:
        signed = {SIGNATURE_HEADER: sign(url, form, key, algorithm)}
        if algorithm is SignatureAlgorithm.SHA256:
            signed[SETTINGS_HEADER] = f"key={key_name or ''},algorithm=HMAC_SHA256"
        return signed

    return headers


def is_valid(
    url: str,
    form: Form | bytes,
    signature: str,
    key: Secret,
    algorithm: SignatureAlgorithm = SignatureAlgorithm.SHA1,
) -> bool:
    """Whether ``signature`` fits, with or without the port in the URL; a raw body (``bytes``) must match its hash."""
    parameters: Form
    if isinstance(form, bytes):
        named = parse_qs(urlsplit(url).query).get("bodySHA256", [])
        if named != [hashlib.sha256(form).hexdigest()]:
            return False
        parameters = ()
    else:
        parameters = form
    given = signature.encode("utf-8", "replace")
    fits = [hmac.compare_digest(sign(u, parameters, key, algorithm).encode(), given) for u in _port_variants(url)]
    return any(fits)


def _port_variants(url: str) -> tuple[str, ...]:
    """The URL with and without its port: proxies differ in what they pass on."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        return (url,)
    userinfo, at, host = parts.netloc.rpartition("@")
    if port is not None:
        bare = host.rpartition(":")[0]
        return (url, urlunsplit(parts._replace(netloc=f"{userinfo}{at}{bare}")))
    default = _DEFAULT_PORTS.get(parts.scheme)
    return (url,) if default is None else (url, urlunsplit(parts._replace(netloc=f"{parts.netloc}:{default}")))
