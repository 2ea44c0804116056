"""Text to audio and back: two ports, their providers, a cache and a chain of fallbacks."""
