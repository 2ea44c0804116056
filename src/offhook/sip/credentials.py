"""Requests sent again with an answer to the challenge of a 401 or 407 (RFC 3261 §22.2, §8.1.3.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from offhook.sip.digest import respond, strongest
from offhook.sip.identifiers import Identifiers
from offhook.sip.message import Request, Response, parse

_HEADERS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


def answered(
    request: Request,
    response: Response,
    username: str | None,
    password: str | None,
    ids: Identifiers,
    next_cseq: Callable[[], int],
) -> Request | None:
    """``request`` once more, in a new transaction, with credentials; None when ``response`` asks for none, when there
    are none to give, or when those that were sent have been refused.
    """
    if response.status not in _HEADERS or username is None or password is None:
        return None
    asked, given = _HEADERS[response.status]
    challenge = strongest(response.lines(asked))
    if challenge is None or (request.get(given) is not None and not challenge.stale):
        return None
    again = fresh(request, ids, next_cseq())
    credentials = respond(
        challenge,
        method=request.method,
        uri=request.uri,
        username=username,
        password=password,
        cnonce=ids.tag(),
        body=request.body,
    )
    again.remove(given)
    again.add(given, credentials)
    return again


def fresh(request: Request, ids: Identifiers, cseq: int) -> Request:
    """``request`` as the first message of another transaction."""
    again = parse(bytes(request))
    assert isinstance(again, Request)
    via = request.via
    again.replace_top_via(replace(via, parameters={**via.parameters, "branch": ids.branch()}))
    again.replace_first("CSeq", f"{cseq} {request.method}")
    return again
