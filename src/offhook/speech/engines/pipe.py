"""The engine's end of the pipe: requests come as JSON lines on stdin, answers leave as a JSON line and raw PCM on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from io import RawIOBase

Synthesis = Callable[[str, str, str], tuple[bytes, int]]
"""(text, language, voice) to (16-bit little-endian mono PCM, rate in hertz)."""


def serve(synthesis: Synthesis) -> None:
    """Answer requests until stdin closes, which happens when the server goes away, however it goes."""
    # Engines print: whatever writes to descriptor 1 later must not end up between the samples.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _answer(answers, {"ready": True}, b"")
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            pcm, rate = synthesis(request["text"], request["language"], request["voice"])
        except (ValueError, RuntimeError, OSError) as error:
            _answer(answers, {"error": f"{type(error).__name__}: {error}"}, b"")
        else:
            _answer(answers, {"rate": rate, "bytes": len(pcm)}, pcm)


def _answer(answers: RawIOBase, header: dict[str, object], pcm: bytes) -> None:
    message = memoryview(json.dumps(header).encode() + b"\n" + pcm)
    while message:
        message = message[answers.write(message) or 0 :]
