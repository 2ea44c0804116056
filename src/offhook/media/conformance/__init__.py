"""What every media engine must do, as tests: subclass ``MediaConformance`` and say how a far end is reached.

Times are checked within ``tolerance``; sound is checked by the levels of its tones, since lines are not transparent.
"""

from __future__ import annotations

from offhook.media.conformance.bench import Bench, FarEnd
from offhook.media.conformance.bridging import Bridging
from offhook.media.conformance.browsers import Browsers
from offhook.media.conformance.codecs import Codecs
from offhook.media.conformance.detecting import Detecting
from offhook.media.conformance.enciphered import Enciphered
from offhook.media.conformance.keys import Keys
from offhook.media.conformance.law import Law
from offhook.media.conformance.playing import Playing
from offhook.media.conformance.recording import Recording
from offhook.media.conformance.rooms import Rooms
from offhook.media.conformance.sessions import SessionsOfAnEngine
from offhook.media.conformance.streams import Streams
from offhook.media.conformance.supplying import Supplying


class MediaConformance(
    Playing,
    Supplying,
    Recording,
    Bridging,
    Rooms,
    Keys,
    Detecting,
    Streams,
    Enciphered,
    Browsers,
    Codecs,
    SessionsOfAnEngine,
    Law,
):
    """The whole suite: an engine that passes can carry calls."""


__all__ = ["Bench", "FarEnd", "MediaConformance"]
