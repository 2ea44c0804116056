"""Bodies of NOTIFY: dialog-info (RFC 4235), presence (RFC 3863), message-summary (RFC 3842), each the whole state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

DIALOG_INFO: Final = "application/dialog-info+xml"
PIDF: Final = "application/pidf+xml"
MESSAGE_SUMMARY: Final = "application/simple-message-summary"

_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogState:
    """One dialog of whom the document is about."""

    id: str
    confirmed: bool
    """Answered; else it rings."""
    initiator: bool
    """Whether the one watched placed the call."""
    remote: str
    """URI of the other party."""
    names: tuple[str, str, str] | None = None
    """Call-ID, local and remote tag, as an INVITE with Replaces wants them."""


def dialog_info(entity: str, version: int, dialogs: Sequence[DialogState]) -> bytes:
    """The dialogs of ``entity``, a SIP URI; ``version`` counts the documents of one subscription from 0."""
    body = "".join(map(_dialog, dialogs))
    return (
        f'{_XML}<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{version}" state="full" '
        f"entity={quoteattr(entity)}>{body}</dialog-info>\n"
    ).encode()


def _dialog(dialog: DialogState) -> str:
    direction = "initiator" if dialog.initiator else "recipient"
    names = ""
    if dialog.names is not None:
        call_id, local, remote = dialog.names
        names = f" call-id={quoteattr(call_id)} local-tag={quoteattr(local)}"
        names += f" remote-tag={quoteattr(remote)}" if remote else ""
    remote = escape(dialog.remote)
    return (
        f'<dialog id={quoteattr(dialog.id)}{names} direction="{direction}">'
        f"<state>{'confirmed' if dialog.confirmed else 'early'}</state>"
        f"<remote><identity>{remote}</identity><target uri={quoteattr(dialog.remote)}/></remote></dialog>"
    )


def pidf(entity: str, *, open: bool, note: str = "") -> bytes:  # noqa: A002 - the word of the RFC
    """Whether ``entity``, a SIP URI, can be reached; ``note`` says more to people."""
    basic = "open" if open else "closed"
    words = f"<note>{escape(note)}</note>" if note else ""
    return (
        f'{_XML}<presence xmlns="urn:ietf:params:xml:ns:pidf" entity={quoteattr(entity)}>'
        f'<tuple id="offhook"><status><basic>{basic}</basic></status>{words}</tuple></presence>\n'
    ).encode()


def message_summary(account: str, *, new: int = 0, old: int = 0) -> bytes:
    """How many voice messages wait for ``account``, a SIP URI."""
    waiting = "yes" if new else "no"
    return f"Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\nVoice-Message: {new}/{old} (0/0)\r\n".encode()
