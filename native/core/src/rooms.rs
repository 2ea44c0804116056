//! All rooms of one shard. A room is there while somebody is in it.

use std::collections::HashMap;

use crate::command::{CommandId, Membership, RoomId, RoomOrder, SessionId};
use crate::event::{Event, Outcome};
use crate::member::Member;
use crate::recorder::Finishing;
use crate::room::{Room, Sessions};
use crate::session::settle;
use crate::world::World;
use crate::Micros;

/// The rooms, and who is where.
#[derive(Debug, Default)]
pub struct Rooms {
    rooms: HashMap<RoomId, Room>,
    joined: HashMap<SessionId, RoomId>,
    finishing: Vec<Finishing>,
}

impl Rooms {
    /// Whether a session is in a room.
    pub fn has(&self, session: SessionId) -> bool {
        self.joined.contains_key(&session)
    }

    /// Rooms with somebody in them.
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether there are none, and no recording of one is being completed.
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty() && self.finishing.is_empty()
    }

    /// A session comes into a room, which is there from now on if it was not before.
    pub fn join(&mut self, session: SessionId, room: RoomId, command: CommandId, membership: Membership) {
        self.joined.insert(session, room);
        let room = self.rooms.entry(room).or_default();
        room.join(Member::new(command, session, membership));
    }

    /// What a member may, from now on.
    pub fn change(&mut self, session: SessionId, command: CommandId, membership: Membership, world: &mut dyn World) {
        let room = self.joined.get(&session).and_then(|room| self.rooms.get_mut(room));
        world.emit(match room {
            Some(room) => {
                room.change(session, membership);
                Event::Finished(command, Outcome::Done)
            }
            None => Event::Failed(command, format!("media session {session} is in no room")),
        });
    }

    /// A session leaves its room, if `command` brought it there or none is named. The last one ends what the room plays and
    /// records.
    pub fn leave(
        &mut self,
        session: SessionId,
        command: Option<CommandId>,
        sessions: &mut Sessions,
        world: &mut dyn World,
    ) {
        let Some(id) = self.joined.get(&session).copied() else {
            return;
        };
        let Some(room) = self.rooms.get_mut(&id) else { return };
        if command.is_some_and(|command| !room.came_by(session, command)) {
            return;
        }
        self.joined.remove(&session);
        let left = room.leave(session);
        if let Some(session) = sessions.get_mut(&session) {
            session.overheard = false;
            session.feed_frame(None);
        }
        if room.is_empty() {
            for command in room.commands() {
                self.finishing.extend(room.cancel(command, world));
            }
            self.rooms.remove(&id);
        }
        if let Some(command) = left {
            world.emit(Event::Cancelled(command, None));
        }
    }

    /// A command for a room.
    pub fn order(&mut self, room: RoomId, command: CommandId, order: RoomOrder, world: &mut dyn World) {
        let found = self.rooms.get_mut(&room);
        let done = match (found, order) {
            (Some(room), RoomOrder::Announce { loading, repeat }) => room.announce(command, loading, repeat),
            (Some(room), RoomOrder::Record { path }) => {
                room.record(command, path, world);
                Ok(())
            }
            (Some(room), RoomOrder::Cancel) => {
                self.finishing.extend(room.cancel(command, world));
                Ok(())
            }
            (None, RoomOrder::Cancel) => Ok(()),
            (None, _) => Err(format!("nobody is in room {room}")),
        };
        if let Err(reason) = done {
            world.emit(Event::Failed(command, reason));
        }
    }

    /// 20 ms have passed.
    pub fn tick(&mut self, sessions: &mut Sessions, now: Micros, world: &mut dyn World) {
        for room in self.rooms.values_mut() {
            room.tick(sessions, now, world);
        }
        self.finishing.retain(|finishing| !settle(finishing, world));
    }
}
