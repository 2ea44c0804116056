"""The awaitable face of an engine: one ``MediaSession`` per leg, one future per command.

Cancelling the task that awaits a command sends ``Cancel`` for it: the one law that makes every verb cancellable.
"""
