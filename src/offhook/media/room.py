"""The awaitable face of a room: sessions come in and leave, and what is played to all and recorded of all.

A room is a name: it takes no place anywhere while nobody is in it.
"""

from __future__ import annotations

from offhook.media.commands import Announce, AudioSource, ChangeMember, Join, RecordRoom
from offhook.media.events import Played, Recorded
from offhook.media.membership import Membership, RoomId
from offhook.media.operation import Operation
from offhook.media.results import nothing, nothing_recorded, reader
from offhook.media.session import MediaSession, Sessions


class Room:
    """Sessions that hear each other. All its methods raise ``MediaFailed``, and ``MediaClosed`` for a session that is closed."""

    def __init__(self, sessions: Sessions) -> None:
        self.id = RoomId(sessions.next_command())
        self._sessions = sessions

    def join(self, session: MediaSession, membership: Membership = Membership()) -> Operation[None]:  # noqa: B008 - frozen
        """Let ``session`` hear the others and be heard, until the operation is cancelled or the session closes."""
        command = Join(id=self._sessions.next_command(), session=session.id, room=self.id, membership=membership)
        return session.launch(command, Operation(self._sessions, command.id, nothing))

    async def change(self, session: MediaSession, membership: Membership) -> None:
        """Say anew what a member may."""
        command = ChangeMember(id=self._sessions.next_command(), session=session.id, membership=membership)
        operation = session.launch(command, Operation(self._sessions, command.id, nothing))
        await operation.within(self._sessions.reply_timeout)

    def announce(self, *sources: AudioSource, loop: int = 1) -> Operation[Played]:
        """Begin to play to everybody in it, over what they say; ``loop`` 0 repeats until cancelled."""
        command = Announce(id=self._sessions.next_command(), room=self.id, sources=sources, loop=loop)
        operation = Operation(self._sessions, command.id, reader(Played, Played(duration=0)))
        self._sessions.start(command, operation)
        return operation

    def start_record(self, path: str) -> Operation[Recorded]:
        """Begin to record what all say together into ``path``, until cancelled or nobody is in it any more."""
        command = RecordRoom(id=self._sessions.next_command(), room=self.id, path=path)
        operation = Operation(self._sessions, command.id, reader(Recorded, nothing_recorded(path)))
        self._sessions.start(command, operation)
        return operation
