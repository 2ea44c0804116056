"""URLs that a document names: made absolute against the URL of the document."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

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
