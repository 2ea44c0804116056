//! All sessions of one shard, the bridges between them and their rooms: commands, packets and ticks come in here.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::bridge::Bridge;
use crate::command::{CommandId, Order, RoomId, RoomOrder, SessionId};
use crate::event::{Event, Outcome};
use crate::rooms::Rooms;
use crate::session::{Heard, Session, Settings};
use crate::webrtc::path::Path;
use crate::webrtc::Opening;
use crate::world::World;
use crate::Micros;

/// The machine of one shard.
#[derive(Debug)]
pub struct Exchange {
    settings: Settings,
    sessions: HashMap<SessionId, Box<Session>>,
    bridges: HashMap<CommandId, Bridge>,
    bridged: HashMap<SessionId, CommandId>,
    rooms: Rooms,
    closing: Vec<SessionId>,
}

impl Exchange {
    /// Without sessions.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            sessions: HashMap::new(),
            bridges: HashMap::new(),
            bridged: HashMap::new(),
            rooms: Rooms::default(),
            closing: Vec::new(),
        }
    }

    /// Sessions that are open.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none, and nothing of theirs is left to be done.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.rooms.is_empty()
    }

    /// A session's sockets are bound.
    pub fn open(&mut self, session: SessionId, now: Micros, world: &mut dyn World) {
        self.sessions
            .insert(session, Box::new(Session::new(session, self.settings, now, world)));
    }

    /// A session on the port that all browsers share.
    pub fn open_to_browser(&mut self, session: SessionId, opening: Opening, now: Micros, world: &mut dyn World) {
        self.open(session, now, world);
        if let Some(session) = self.sessions.get_mut(&session) {
            session.open_to_browser(opening, world);
        }
    }

    /// Takes a session out, to be adopted by another shard; those that are bridged, in a room or closing stay.
    pub fn extract(&mut self, session: SessionId) -> Option<Box<Session>> {
        if self.engaged(session).is_some() || self.closing.contains(&session) {
            return None;
        }
        self.sessions.remove(&session)
    }

    /// Whom it hears already, if so.
    fn engaged(&self, session: SessionId) -> Option<&'static str> {
        let bridged = self.bridged.contains_key(&session).then_some("is bridged already");
        bridged.or_else(|| self.rooms.has(session).then_some("is in a room already"))
    }

    /// Takes a session in.
    pub fn adopt(&mut self, session: Box<Session>) {
        self.sessions.insert(session.id, session);
    }

    /// Carries out a command of `session`.
    pub fn order(&mut self, session: SessionId, command: CommandId, order: Order, now: Micros, world: &mut dyn World) {
        let Some(found) = self.sessions.get_mut(&session).filter(|s| s.closing.is_none()) else {
            if !matches!(
                order,
                Order::Cancel
                    | Order::Gain(_)
                    | Order::Pause(_)
                    | Order::InjectAudio { .. }
                    | Order::InjectMark(_)
                    | Order::InjectClear
            ) {
                world.emit(Event::Failed(command, format!("there is no media session {session}")));
            }
            return;
        };
        match order {
            Order::Bridge { with } => self.bridge(session, with, command, world),
            Order::Join { room, membership } => match self.engaged(session) {
                Some(how) => world.emit(Event::Failed(command, format!("media session {session} {how}"))),
                None => self.rooms.join(session, room, command, membership),
            },
            Order::ChangeMember(membership) => self.rooms.change(session, command, membership, world),
            Order::Cancel => {
                if !found.cancel(command, world) {
                    self.part(command, world);
                    self.rooms.leave(session, Some(command), &mut self.sessions, world);
                }
            }
            Order::Close => {
                found.end(now, world);
                found.closing = Some(command);
                if let Some(bridge) = self.bridged.get(&session).copied() {
                    self.part(bridge, world);
                }
                self.rooms.leave(session, None, &mut self.sessions, world);
                self.closing.push(session);
                self.close_finished(world);
            }
            order => found.order(command, order, now, world),
        }
    }

    /// Carries out a command of a room.
    pub fn order_room(&mut self, room: RoomId, command: CommandId, order: RoomOrder, world: &mut dyn World) {
        self.rooms.order(room, command, order, world);
    }

    fn bridge(&mut self, a: SessionId, b: SessionId, command: CommandId, world: &mut dyn World) {
        let reason = if self.sessions.get(&b).is_none_or(|s| s.closing.is_some()) {
            Some(format!("there is no media session {b}"))
        } else {
            let engaged = |session| {
                self.engaged(session)
                    .map(|how| format!("media session {session} {how}"))
            };
            engaged(a).or_else(|| engaged(b))
        };
        if let Some(reason) = reason {
            world.emit(Event::Failed(command, reason));
            return;
        }
        for id in [a, b] {
            self.bridged.insert(id, command);
            world.urgent(id, true);
        }
        self.bridges.insert(command, Bridge { command, a, b });
    }

    fn part(&mut self, command: CommandId, world: &mut dyn World) {
        let Some(bridge) = self.bridges.remove(&command) else {
            return;
        };
        for id in [bridge.a, bridge.b] {
            self.bridged.remove(&id);
            world.urgent(id, false);
            if let Some(session) = self.sessions.get_mut(&id) {
                session.overheard = false;
                session.feed_frame(None);
            }
        }
        world.emit(Event::Cancelled(command, None));
    }

    /// A datagram arrived on a session's RTP socket.
    pub fn receive(
        &mut self,
        session: SessionId,
        packet: &mut [u8],
        source: SocketAddr,
        now: Micros,
        world: &mut dyn World,
    ) {
        let Some(from) = self.sessions.get_mut(&session) else {
            return;
        };
        let heard = from.receive(packet, source, now, world);
        self.pass(session, heard, now, world);
    }

    /// A packet of a browser arrived on the shared port.
    pub fn receive_web(
        &mut self,
        session: SessionId,
        packet: &mut [u8],
        path: Path,
        now: Micros,
        world: &mut dyn World,
    ) {
        let Some(from) = self.sessions.get_mut(&session) else {
            return;
        };
        let heard = from.receive_web(packet, path, now, world);
        self.pass(session, heard, now, world);
    }

    fn pass(&mut self, session: SessionId, heard: Heard, now: Micros, world: &mut dyn World) {
        if matches!(heard, Heard::Nothing) || self.bridged.is_empty() {
            return;
        }
        let toned = self.sessions.get(&session).is_some_and(|from| from.key_sounds());
        let to = self
            .bridged
            .get(&session)
            .and_then(|b| self.bridges.get(b))
            .map(|b| b.other(session));
        if let Some(to) = to.and_then(|to| self.sessions.get_mut(&to)) {
            // A key that goes on as an event, or by signalling, is not to be heard as well.
            if !(toned && to.spares_tones()) {
                to.pass(heard, now, world);
            }
        }
    }

    /// A datagram arrived on a session's RTCP socket.
    pub fn receive_rtcp(
        &mut self,
        session: SessionId,
        packet: &mut [u8],
        source: SocketAddr,
        now: Micros,
        world: &mut dyn World,
    ) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.receive_rtcp(packet, source, now, world);
        }
    }

    /// 20 ms have passed.
    pub fn tick(&mut self, now: Micros, world: &mut dyn World) {
        for bridge in self.bridges.values() {
            transcode(&mut self.sessions, bridge, now, world);
        }
        self.rooms.tick(&mut self.sessions, now, world);
        for session in self.sessions.values_mut() {
            session.tick(now, world);
        }
        self.relay_toned();
        self.close_finished(world);
    }

    // Keys that came as tones, to the other ends of their bridges.
    fn relay_toned(&mut self) {
        for bridge in self.bridges.values().filter(|bridge| bridge.a != bridge.b) {
            for (from, to) in [(bridge.a, bridge.b), (bridge.b, bridge.a)] {
                let key = self.sessions.get_mut(&from).and_then(|from| from.take_toned());
                if let (Some(key), Some(to)) = (key, self.sessions.get_mut(&to)) {
                    to.relay_toned(key);
                }
            }
        }
    }

    fn close_finished(&mut self, world: &mut dyn World) {
        if self.closing.is_empty() {
            return;
        }
        let sessions = &mut self.sessions;
        self.closing.retain(|id| {
            let Some(session) = sessions.get(id) else { return false };
            if !session.finishing.is_empty() {
                return true;
            }
            let (command, statistics) = (session.closing, session.statistics());
            sessions.remove(id);
            world.closed(*id);
            if let Some(command) = command {
                world.emit(Event::Finished(command, Outcome::Closed(Box::new(statistics))));
            }
            false
        });
    }
}

/// Brings this tick's frame of each end to the other where their codecs differ. Where they are the same, packets have passed
/// as they are.
fn transcode(sessions: &mut HashMap<SessionId, Box<Session>>, bridge: &Bridge, now: Micros, world: &mut dyn World) {
    let ends = (sessions.get(&bridge.a), sessions.get(&bridge.b));
    let (Some(a), Some(b)) = ends else { return };
    let differ = [a.differs_from(b), b.differs_from(a)];
    let was = a.overheard || b.overheard;
    if differ == [false; 2] && !was {
        return;
    }
    for ((from, to), differs) in [(bridge.a, bridge.b), (bridge.b, bridge.a)].into_iter().zip(differ) {
        let Some(source) = sessions.get_mut(&from) else { return };
        source.overheard = differs;
        // The ear is lent out, so that the other session can be reached.
        let ear = differs.then(|| {
            source.listen_ahead(now, world);
            source.lend_ear()
        });
        let toned = source.key_sounds();
        if let Some(target) = sessions.get_mut(&to).filter(|to| !(toned && to.spares_tones())) {
            target.feed_frame(ear.as_ref().map(|ear| (ear.frame(), ear.rate())));
        }
        if let Some((source, ear)) = sessions.get_mut(&from).zip(ear) {
            source.ear = ear;
        }
    }
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
