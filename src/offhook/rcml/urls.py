"""URLs that a document names: made absolute against the URL of the document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from offhook.rcml.errors import Code, VerbFailed


def resolve(base: str | None, url: str) -> str:
    """``url`` made absolute. Raises ``VerbFailed`` when it is relative and there is nothing to be relative to."""
    try:
        absolute = urljoin(base, url) if base else url
        parts = urlsplit(absolute)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if usable:
        return absolute
    if not base:
        raise VerbFailed(f'"{url}" is relative, but the document came from no URL; write it in full', Code.BAD_URL)
    raise VerbFailed(f'"{url}" is no http or https URL; correct it', Code.BAD_URL)


def base_of(requested: str, form: Sequence[tuple[str, str]], answered: str) -> str:
    """What a document's relative URLs are relative to, by the URLs of its request and of its response.

    Without the parameters that a GET appended, and with the credentials of the request if it was answered at the same origin.
    """
    appended = urlencode(form, errors="replace")
    base = (
        answered[: -len(appended) - 1] if appended and answered.endswith(("?" + appended, "&" + appended)) else answered
    )
    asked, parts = urlsplit(requested), urlsplit(base)
    credentials, at, host = asked.netloc.rpartition("@")
    if at and (parts.scheme, parts.netloc) == (asked.scheme, host):
        return urlunsplit(parts._replace(netloc=f"{credentials}@{host}"))
    return base


def without_credentials(url: str) -> str:
    """``url`` as it may be shown and stored."""
    scheme, found, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return f"{scheme}://{rest[authority.rindex('@') + 1 :]}" if found and "@" in authority else url
