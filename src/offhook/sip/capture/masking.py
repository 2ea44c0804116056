"""Hides secrets in a SIP message that somebody is going to read, and keeps its length: digest responses, other credentials,
keys of SRTP (RFC 4568), passwords in URIs, and keys pressed by INFO.
"""

from __future__ import annotations

import re
from typing import Final

_AUTHORIZATION: Final = re.compile(
    rb"(?im)^((?:proxy-)?authorization[ \t]*:\s*)([^\s]+)([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)"
)
_INFO: Final = re.compile(rb"(?im)^(authentication-info[ \t]*:[^\r\n]*?rspauth[ \t]*=[ \t]*\"?)([^\",\s]+)")
_RESPONSE: Final = re.compile(rb"(?i)((?:^|[\s,])response[ \t]*=[ \t]*\"?)([^\",\s]+)")
_INLINE: Final = re.compile(rb"(?m)^(a=crypto:[^\r\n]*?inline:)([^\s|;]+)")
_KEY_LINE: Final = re.compile(rb"(?m)^(k=[a-z0-9]+:)([^\r\n]+)")
_PASSWORD: Final = re.compile(rb"(?i)(sips?:[^:@\s;<>,]+:)([^@\s;<>,]+)(?=@)")
_SIGNAL: Final = re.compile(rb"(?im)^(signal[ \t]*=[ \t]*)([^\r\n]+)")
_BARE_KEY: Final = re.compile(
    rb"(?i)(\r\ncontent-type[ \t]*:[ \t]*application/dtmf[ \t]*\r\n(?:[^\r\n]+\r\n)*\r\n)(.+)", re.DOTALL
)


def masked(data: bytes) -> bytes:
    """The message with stars for what must not be read, as many as there were bytes."""
    lowered = data.lower()
    if b"authorization" in lowered:
        data = _AUTHORIZATION.sub(_credentials, data)
    if b"rspauth" in lowered:
        data = _INFO.sub(_stars, data)
    if b"inline:" in lowered or b"\nk=" in data:
        data = _KEY_LINE.sub(_stars, _INLINE.sub(_stars, data))
    if b"sip" in lowered:
        data = _PASSWORD.sub(_stars, data)
    if data.startswith(b"INFO "):
        data = _BARE_KEY.sub(_stars, _SIGNAL.sub(_stars, data))
    return data


def _credentials(found: re.Match[bytes]) -> bytes:
    name, scheme, rest = found.groups()
    if scheme.lower() == b"digest":
        return bytes(name + scheme + _RESPONSE.sub(_stars, rest))
    return bytes(name + scheme + re.sub(rb"[^\s]", b"*", rest))


def _stars(found: re.Match[bytes]) -> bytes:
    return bytes(found[1] + b"*" * len(found[2]))
