"""The documentation at ``/docs``: one page of HTML rendered from the OpenAPI description; no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from itertools import groupby
from typing import Any, Final

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--accent:#0a7a5a}
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem 1.5rem 6rem}
h1{margin-bottom:.2rem}h2{margin-top:3rem;border-bottom:1px solid var(--line)}
nav a{margin-right:1rem}a{color:var(--accent)}
details{border:1px solid var(--line);border-radius:6px;margin:.6rem 0;padding:.4rem .8rem}
summary{cursor:pointer}summary code{font-size:.95rem}
.method{display:inline-block;min-width:4.2rem;font-weight:700;color:var(--accent)}
table{border-collapse:collapse;width:100%;margin:.6rem 0;font-size:.92rem}
td,th{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
code{background:var(--soft);padding:.05rem .3rem;border-radius:4px;overflow-wrap:anywhere}
"""
POLICY: Final = (
    "default-src 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)
"""Content-Security-Policy of the page."""


def render(document: dict[str, Any]) -> str:
    """The page."""
    operations = [
        (operation["tags"][0], method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    sections = [
        (tag, list(found))
        for tag, found in groupby(sorted(operations, key=lambda each: each[0]), key=lambda each: each[0])
    ]
    nav = " ".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag, _ in sections)
    body = "".join(
        f'<h2 id="{escape(tag)}">{escape(tag)}</h2>'
        + "".join(_operation(method, path, told) for _, method, path, told in found)
        for tag, found in sections
    )
    servers = "".join(
        f"<li><code>{escape(each['url'])}</code> {escape(each['description'])}</li>" for each in document["servers"]
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(document['info']['title'])} API</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(document['info']['title'])} API</h1><p>{_prose(document['info']['description'])}</p>"
        f"<ul>{servers}</ul><p>Log in with HTTP Basic: the account sid or e-mail address and the auth token or password. "
        '<a href="/openapi.json">openapi.json</a></p>'
        f"<nav>{nav}</nav>{body}{_schemas(document['components']['schemas'])}{_codes(document['x-error-codes'])}</body></html>"
    )


def _prose(text: str) -> str:
    """Text with ``code`` between backquotes."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def _operation(method: str, path: str, told: dict[str, Any]) -> str:
    form = told.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded", {}).get("schema")
    required = set(form.get("required", ())) if form else set()
    parameters = [
        (each["name"], "query", each.get("description", ""), each["required"])
        for each in told["parameters"]
        if each["in"] == "query"
    ]
    if form:
        parameters += [
            (name, "form", schema.get("description", ""), name in required)
            for name, schema in form["properties"].items()
        ]
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code>{' (required)' if needed else ''}</td><td>{where}</td><td>{_prose(doc)}</td></tr>"
        for name, where, doc, needed in parameters
    )
    table = f"<table><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr>{rows}</table>" if rows else ""
    answers = "".join(
        f"<tr><td>{status}</td><td>{_prose(each['description'])}</td></tr>"
        for status, each in told["responses"].items()
    )
    return (
        f'<details id="{escape(told["operationId"])}"><summary><span class="method">{method.upper()}</span> '
        f"<code>{escape(path)}</code> {escape(told['summary'])}</summary><p>{_prose(told['description'])}</p>{table}"
        f"<table><tr><th>Status</th><th>Meaning</th></tr>{answers}</table></details>"
    )


def _schemas(schemas: dict[str, Any]) -> str:
    def fields(schema: dict[str, Any]) -> str:
        return "".join(
            f"<tr><td><code>{escape(name)}</code></td><td>{escape(_kind(each))}</td>"
            f"<td>{_prose(each.get('description', ''))}</td></tr>"
            for name, each in schema.get("properties", {}).items()
        )

    found = "".join(
        f"<details><summary>{escape(name)}: {escape(schema.get('description', ''))}</summary>"
        f"<table><tr><th>Field</th><th>Type</th><th>Meaning</th></tr>{fields(schema)}</table></details>"
        for name, schema in schemas.items()
        if "properties" in schema
    )
    return f'<h2 id="schemas">What comes back</h2>{found}'


def _kind(schema: dict[str, Any]) -> str:
    kind = schema["type"]
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _codes(codes: dict[str, str]) -> str:
    rows = "".join(
        f'<tr id="error-{code}"><td>{code}</td><td>{escape(meaning)}</td></tr>' for code, meaning in codes.items()
    )
    return f'<h2 id="errors">Error codes</h2><table><tr><th>Code</th><th>Meaning</th></tr>{rows}</table>'
