"""The verbs, one file each. This list is all that makes one known: to documents, reference, designer and schema."""

from __future__ import annotations

from typing import Final

from offhook.rcml.schema import Vocabulary
from offhook.rcml.verbs.dial import Dial
from offhook.rcml.verbs.echo import Echo
from offhook.rcml.verbs.gather import Gather
from offhook.rcml.verbs.hangup import Hangup
from offhook.rcml.verbs.pause import Pause
from offhook.rcml.verbs.play import Play
from offhook.rcml.verbs.record import Record
from offhook.rcml.verbs.redirect import Redirect
from offhook.rcml.verbs.reject import Reject
from offhook.rcml.verbs.say import Say

VERBS: Final = (Dial, Echo, Gather, Hangup, Pause, Play, Record, Redirect, Reject, Say)
VOCABULARY: Final = Vocabulary(VERBS)
