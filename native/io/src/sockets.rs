//! The machine's outside in one shard: sockets in two epoll sets, and the way to files and events.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;

use offhook_media_core::command::SessionId;
use offhook_media_core::event::{Event, Outcome};
use offhook_media_core::world::{FileWrite, World};
use rustix::event::epoll;

use crate::clock::Chance;
use crate::metrics::count;
use crate::outbox::Notice;
use crate::ports::Pair;
use crate::shard::Post;
/// A session's sockets, and which set they are in.
pub struct Leg {
    /// The sockets.
    pub pair: Pair,
    urgent: bool,
}

/// Sockets of all sessions of a shard.
pub struct Sockets<'a> {
    post: &'a Post,
    /// By session.
    pub legs: HashMap<SessionId, Leg>,
    /// Sockets whose packets are relayed on receipt, and whatever else the thread sleeps on.
    pub urgent: OwnedFd,
    /// Sockets that are looked at now and then.
    pub patient: OwnedFd,
    /// What happened since the last `flush`.
    pub events: Vec<Notice>,
    chance: Chance,
}

impl World for Sockets<'_> {
    fn rtp(&mut self, session: SessionId, to: SocketAddr, packet: &[u8]) {
        if let Some(leg) = self.legs.get(&session) {
            self.send(&leg.pair.rtp, to, packet);
        }
    }

    fn rtcp(&mut self, session: SessionId, to: SocketAddr, packet: &[u8]) {
        if let Some(leg) = self.legs.get(&session) {
            self.send(&leg.pair.rtcp, to, packet);
        }
    }

    fn emit(&mut self, event: Event) {
        if let Event::Finished(_, Outcome::Closed(seen)) = &event {
            self.post.metrics.add(seen);
        }
        self.events.push(Notice::Event(event));
    }

    fn write(&mut self, write: FileWrite) -> bool {
        self.post.disk.write(write)
    }

    fn urgent(&mut self, session: SessionId, urgent: bool) {
        let Some(leg) = self.legs.get_mut(&session).filter(|leg| leg.urgent != urgent) else {
            return;
        };
        leg.urgent = urgent;
        let (from, to) = if urgent {
            (&self.patient, &self.urgent)
        } else {
            (&self.urgent, &self.patient)
        };
        // A socket that cannot be moved between the sets stays unheard, which RtpLost tells.
        let moved = epoll::delete(from, &leg.pair.rtp).and_then(|()| {
            epoll::add(
                to,
                &leg.pair.rtp,
                epoll::EventData::new_u64(session << 1),
                epoll::EventFlags::IN,
            )
        });
        if moved.is_err() {
            count(&self.post.metrics.refused);
        }
    }

    fn closed(&mut self, session: SessionId) {
        self.legs.remove(&session);
    }

    fn random(&mut self) -> u64 {
        self.chance.number()
    }

    fn ntp(&self) -> u64 {
        self.post.clock.ntp()
    }
}

impl<'a> Sockets<'a> {
    /// None yet.
    pub fn new(post: &'a Post) -> std::io::Result<Self> {
        let urgent = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let patient = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let (legs, events) = (HashMap::new(), Vec::new());
        Ok(Self {
            post,
            legs,
            urgent,
            patient,
            events,
            chance: Chance::default(),
        })
    }

    fn send(&self, socket: &UdpSocket, to: SocketAddr, packet: &[u8]) {
        match socket.send_to(packet, to) {
            Ok(_) => count(&self.post.metrics.sent),
            // Nobody listens there (yet), or the buffer is full: RTP has no second try.
            Err(_) => count(&self.post.metrics.refused),
        }
    }

    /// A session's sockets, to be looked at now and then.
    pub fn add(&mut self, session: SessionId, pair: Pair) -> rustix::io::Result<()> {
        let flags = epoll::EventFlags::IN;
        epoll::add(&self.patient, &pair.rtp, epoll::EventData::new_u64(session << 1), flags)?;
        epoll::add(
            &self.patient,
            &pair.rtcp,
            epoll::EventData::new_u64(session << 1 | 1),
            flags,
        )?;
        self.legs.insert(session, Leg { pair, urgent: false });
        Ok(())
    }

    /// Lets go of a session's sockets without closing them.
    pub fn take(&mut self, session: SessionId) -> Option<Pair> {
        let Leg { pair, urgent } = self.legs.remove(&session)?;
        let set = if urgent { &self.urgent } else { &self.patient };
        let _ = epoll::delete(set, &pair.rtp);
        let _ = epoll::delete(&self.patient, &pair.rtcp);
        Some(pair)
    }

    /// Hands out what happened.
    pub fn flush(&mut self) {
        if !self.events.is_empty() {
            self.post.outbox.push(self.events.drain(..));
        }
    }
}
