"""Keys by SIP INFO (``application/dtmf-relay``), for a far end that wants them so."""

from __future__ import annotations

import structlog

from offhook.media.keypad import SignalKey
from offhook.sip import dtmf
from offhook.sip.errors import SipError
from offhook.sip.events import CallHandle
from offhook.sip.signalling import Signalling

log = structlog.get_logger(__name__)


def by_info(signalling: Signalling, call: CallHandle) -> SignalKey:
    """Sends keys within the dialog of ``call``. What the far end says to one is of no use to who pressed it."""

    def send(key: str, milliseconds: int) -> None:
        try:
            signalling.info(call, dtmf.RELAY, dtmf.written(key, milliseconds))
        except SipError as error:
            log.info("key_not_signalled", reason=str(error))

    return send
