"""Audio, by an engine outside Python: commands down, events up, and no packet in between.

Session: an RTP address and what happens there. Command: what the engine is told; its id ends exactly once. Operation: one
command under way, as something to await. Engine: the port; ``native`` drives Rust, ``fake`` is its twin in virtual time.
"""
