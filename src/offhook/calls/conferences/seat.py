"""One call's seat in a conference: brings the call's media to where the conference wants it, from the call's own task."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Protocol

import structlog

from offhook.calls.active import ActiveCall
from offhook.calls.conferences.entry import ConferenceEntry
from offhook.media.commands import AudioFile, AudioSource, Silence, Tone
from offhook.media.membership import Membership
from offhook.media.operation import MediaClosed, MediaFailed, Operation
from offhook.media.room import Room

log = structlog.get_logger(__name__)

WAITING: tuple[AudioSource, ...] = (
    Tone(frequencies=(440.0,), on=150, level=-24.0),
    Silence(duration=60),
    Tone(frequencies=(554.0,), on=250, level=-24.0),
    Silence(duration=4500),
)
"""What is heard by who waits where no music is set: that somebody is there."""


class Place(Enum):
    """Where a call in a conference is."""

    LOBBY = "waits for the conference to start"
    ROOM = "hears and is heard"
    HOLD = "in the room, but hears music and is not heard"
    OUTSIDE = "has left, or was made to"


class House(Protocol):
    """What a seat needs of its conference."""

    @property
    def room(self) -> Room: ...

    def place(self, seat: Seat) -> Place:
        """Where the call has to be now."""
        ...

    def membership(self, seat: Seat) -> Membership:
        """What the call may in the room."""
        ...

    def entered(self, seat: Seat) -> None:
        """The call is in the room."""
        ...


class Seat:
    """A call in a conference."""

    def __init__(self, call: ActiveCall, entry: ConferenceEntry, music: str) -> None:
        """``music`` is a sound file for those who wait; empty: a sign of life now and then."""
        self.call = call
        self.entry = entry
        self.sat = False
        """Whether it was ever let in."""
        self.kicked = False
        self.beeps = False
        """Whether the others are to hear that it comes."""
        self.hold_music: tuple[str | None, str] = None, "POST"
        """What is heard while it is held; None: the server's own."""
        self.place = Place.OUTSIDE
        self._announcements = 0
        self._music = music
        self._news = asyncio.Event()
        self._joining: Operation[None] | None = None
        self._membership: Membership | None = None

    def look(self) -> None:
        """Something has changed."""
        self._news.set()

    async def hear(self, *sources: AudioSource) -> None:
        """Let the call alone hear something once; music rests meanwhile. Raises ``MediaFailed``."""
        self._announcements += 1
        self.look()
        try:
            await self.call.media.play(*sources)
        finally:
            self._announcements -= 1
            self.look()

    async def stay(self, house: House, limit: float) -> str:
        """Sit in the conference until it is over for this call; returns why, if that is not plain. ``limit`` in seconds."""
        self.call.watchers.add(self.look)
        try:
            async with asyncio.timeout(limit), asyncio.TaskGroup() as tasks:
                return await self._follow(house, tasks)
        except TimeoutError:
            return f"the time limit of {limit:g} s"
        finally:
            self.call.watchers.discard(self.look)

    async def _follow(self, house: House, tasks: asyncio.TaskGroup) -> str:
        """Be where the conference wants the call to be, until that is outside."""
        playing: asyncio.Task[None] | None = None
        try:
            while not self.call.over:
                self._news.clear()
                place = house.place(self)
                if playing is not None and (place is not self.place or self._announcements):
                    playing.cancel()
                    playing = None
                if place is Place.OUTSIDE:
                    break
                await self._move(place, house)
                if place in (Place.LOBBY, Place.HOLD) and playing is None and not self._announcements:
                    playing = tasks.create_task(self._entertain(place))
                await self._news.wait()
        except MediaFailed as failure:
            return str(failure)
        finally:
            if playing is not None:
                playing.cancel()
        return ""

    async def part(self) -> None:
        """Leave the room, if it is in it."""
        joining, self._joining = self._joining, None
        if joining is None:
            return
        try:
            await joining.stop()
        except MediaFailed as failure:
            log.warning("room_was_not_left", call=self.call.facts.sid, reason=str(failure))

    async def _move(self, place: Place, house: House) -> None:
        """Into the room and to what it may there. Raises ``MediaFailed``."""
        self.place = place
        if place is Place.LOBBY:
            return
        membership = house.membership(self)
        if self._joining is None:
            self._joining = house.room.join(self.call.media, membership)
            self._membership = membership
            house.entered(self)
        elif membership != self._membership:
            self._membership = membership
            await house.room.change(self.call.media, membership)

    async def _entertain(self, place: Place) -> None:
        """Let the call hear music, or what its application wants, until cancelled."""
        url, method = self.hold_music if place is Place.HOLD else (self.entry.wait_url, self.entry.wait_method)
        try:
            if url and self.entry.entertain is not None:
                await self.entry.entertain(url, method)
            elif url is None:
                sources = (AudioFile(path=self._music),) if self._music else WAITING
                await self.call.media.play(*sources, loop=0)
        except MediaClosed:
            return
        except MediaFailed as failure:
            log.warning("conference_music_failed", call=self.call.facts.sid, reason=str(failure))
