"""eSpeak NG as a program: text on stdin, PCM on stdout. Speaks every language eSpeak knows, in microseconds per word."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_short, c_void_p
from dataclasses import dataclass, field

import espeakng_loader

from offhook.speech.engines.pipe import serve

# The constants and the call order are those of espeak-ng's public header, speak_lib.h.
AUDIO_OUTPUT_SYNCHRONOUS = 2
POSITION_CHARACTER = 1
CHARS_UTF8 = 1
SynthCallback = CFUNCTYPE(c_int, POINTER(c_short), c_int, c_void_p)


@dataclass
class Espeak:
    """The library, initialised once per process; it keeps global state and speaks one utterance at a time."""

    rate: int = 0
    _samples: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate = self._library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, c_char_p(data), 0)
        if self.rate <= 0:
            raise RuntimeError(f"eSpeak NG did not start with the data in {data.decode()}")
        self._callback = SynthCallback(self._collect)  # kept: the library holds no reference
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: object, count: int, _events: object) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, count * 2)  # type: ignore[arg-type]
        return 0

    def _choose(self, language: str, voice: str) -> None:
        names = [language, language.partition("-")[0], "en"]
        variant = "+f3" if voice == "woman" else ""
        if voice not in ("man", "woman", ""):
            names.insert(0, voice)
        for name in names:
            if self._library.espeak_SetVoiceByName(c_char_p((name + variant).encode())) == 0:
                return
        raise RuntimeError(f"eSpeak NG has no voice for language {language!r}")

    def synthesize(self, text: str, language: str, voice: str) -> tuple[bytes, int]:
        """PCM for ``text``; an unknown language is spoken as English."""
        self._choose(language.lower(), voice)
        self._samples.clear()
        encoded = text.encode() + b"\0"
        status = self._library.espeak_Synth(
            c_char_p(encoded), len(encoded), 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None
        )
        if status != 0:
            raise RuntimeError(f"eSpeak NG refused the text (status {status})")
        self._library.espeak_Synchronize()
        return bytes(self._samples), self.rate


def main() -> None:
    """Entry point ``offhook-espeak``."""
    serve(Espeak().synthesize)


if __name__ == "__main__":
    main()
