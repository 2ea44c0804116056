"""The engine's end of the pipe, as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import os, sys
from offhook.speech.engines.pipe import serve
def synthesize(text, language, voice):
    print("an engine that chats")
    os.write(1, b"and one that writes to the descriptor")
    if text == "bad":
        raise ValueError("not that")
    return text.encode() * 1000, 8000
serve(synthesize)
"""


def converse(*texts: str) -> bytes:
    requests = "".join(json.dumps({"text": text, "language": "en", "voice": "man"}) + "\n" for text in texts)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=requests.encode(), capture_output=True, check=True, timeout=30
    )
    return run.stdout


def test_nothing_but_answers_reaches_the_pipe() -> None:
    answers = converse("a", "bad", "b")
    ready, header, rest = answers.split(b"\n", 2)
    assert json.loads(ready) == {"ready": True}
    assert json.loads(header) == {"rate": 8000, "bytes": 1000}
    assert rest[:1000] == b"a" * 1000
    error, header, rest = rest[1000:].split(b"\n", 2)
    assert json.loads(error) == {"error": "ValueError: not that"}
    assert (json.loads(header)["bytes"], rest) == (1000, b"b" * 1000)


def test_the_program_ends_when_the_server_goes_away() -> None:
    assert converse() == b'{"ready": true}\n'
