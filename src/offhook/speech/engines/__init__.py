"""Synthesis programs. Each is a process and an entry point of its own and talks PCM over a pipe.

The engines are GPL programs: they are never imported into the server's process, only started beside it.
"""
