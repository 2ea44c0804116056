"""Small programs that speak the engines' pipe protocol, for tests of what can go wrong with one."""

from __future__ import annotations

import sys

ECHO = """
import json, sys
out = sys.stdout.buffer
out.write(b'{"ready": true}\\n'); out.flush()
for line in sys.stdin.buffer:
    text = json.loads(line)["text"]
    if text == "die":
        sys.exit("a fatal engine error")
    if text == "hang":
        import time; time.sleep(60)
    if text == "babble":
        out.write(b'{"rate": 80\\n')
    elif text == "forget":
        out.write(b'{"bytes": 12}\\n')
    elif text == "drone":
        out.write(b'x' * 200_000)
    elif text == "quit later":
        out.write(b'{"rate": 8000, "bytes": 2}\\nok'); out.flush()
        sys.exit("out of memory")
    elif text == "refuse":
        out.write(b'{"error": "I will not say that"}\\n')
    else:
        pcm = text.encode("utf-16-le")
        out.write(json.dumps({"rate": 8000, "bytes": len(pcm)}).encode() + b"\\n" + pcm)
    out.flush()
"""


def command(script: str = ECHO) -> list[str]:
    return [sys.executable, "-c", script]
