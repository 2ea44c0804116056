//! The machine's outside in one shard: sockets in two epoll sets, and the way to files and events.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;

use offhook_media_core::command::SessionId;
use offhook_media_core::event::{Event, Outcome};
use offhook_media_core::webrtc::path::Path;
use offhook_media_core::world::{FileWrite, World};
use rustix::event::epoll;

use crate::clock::Chance;
use crate::metrics::count;
use crate::outbox::Notice;
use crate::ports::Pair;
use crate::shard::Post;

/// By what a session is reached.
pub enum Ends {
    /// Sockets of its own.
    Own(Pair),
    /// The port that browsers share.
    Shared,
}

/// A session's sockets, and which set they are in.
pub struct Leg {
    /// The sockets.
    pub ends: Ends,
    urgent: bool,
}

impl Leg {
    /// Its sockets, if they are its own.
    pub fn pair(&self) -> Option<&Pair> {
        match &self.ends {
            Ends::Own(pair) => Some(pair),
            Ends::Shared => None,
        }
    }
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
        if let Some(pair) = self.legs.get(&session).and_then(Leg::pair) {
            self.send(&pair.rtp, to, packet);
        }
    }

    fn rtcp(&mut self, session: SessionId, to: SocketAddr, packet: &[u8]) {
        if let Some(pair) = self.legs.get(&session).and_then(Leg::pair) {
            self.send(&pair.rtcp, to, packet);
        }
    }

    fn web(&mut self, _: SessionId, to: Path, packet: &[u8]) {
        let sent = self.post.gate.as_ref().is_some_and(|gate| gate.send(to, packet));
        let metrics = &self.post.metrics;
        count(if sent { &metrics.sent } else { &metrics.refused });
    }

    fn named(&mut self, session: SessionId, ufrag: &str) {
        if let Some(gate) = &self.post.gate {
            gate.named(session, ufrag);
        }
    }

    fn asked(&mut self, session: SessionId, path: Path) {
        if let Some(gate) = &self.post.gate {
            gate.asked(session, path);
        }
    }

    fn reached(&mut self, session: SessionId, path: Path) {
        if let Some(gate) = &self.post.gate {
            gate.reached(session, path);
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
        let pair = match &leg.ends {
            Ends::Own(pair) => pair,
            Ends::Shared => {
                if let Some(gate) = &self.post.gate {
                    gate.urgent(session, urgent);
                }
                return;
            }
        };
        let (from, to) = if urgent {
            (&self.patient, &self.urgent)
        } else {
            (&self.urgent, &self.patient)
        };
        // A socket that cannot be moved between the sets stays unheard, which RtpLost tells.
        let moved = epoll::delete(from, &pair.rtp).and_then(|()| {
            epoll::add(
                to,
                &pair.rtp,
                epoll::EventData::new_u64(session << 1),
                epoll::EventFlags::IN,
            )
        });
        if moved.is_err() {
            count(&self.post.metrics.refused);
        }
    }

    fn closed(&mut self, session: SessionId) {
        let shared = self.legs.remove(&session).is_some_and(|leg| leg.pair().is_none());
        if let Some(gate) = self.post.gate.as_ref().filter(|_| shared) {
            gate.release(session);
        }
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
    pub fn add(&mut self, session: SessionId, ends: Ends) -> rustix::io::Result<()> {
        match (&ends, &self.post.gate) {
            (Ends::Own(pair), _) => {
                let flags = epoll::EventFlags::IN;
                epoll::add(&self.patient, &pair.rtp, epoll::EventData::new_u64(session << 1), flags)?;
                epoll::add(
                    &self.patient,
                    &pair.rtcp,
                    epoll::EventData::new_u64(session << 1 | 1),
                    flags,
                )?;
            }
            (Ends::Shared, Some(gate)) => gate.place(session, self.post.index),
            (Ends::Shared, None) => {}
        }
        self.legs.insert(session, Leg { ends, urgent: false });
        Ok(())
    }

    /// Lets go of a session's sockets without closing them.
    pub fn take(&mut self, session: SessionId) -> Option<Ends> {
        let leg = self.legs.remove(&session)?;
        if let Some(pair) = leg.pair() {
            let set = if leg.urgent { &self.urgent } else { &self.patient };
            let _ = epoll::delete(set, &pair.rtp);
            let _ = epoll::delete(&self.patient, &pair.rtcp);
        }
        Some(leg.ends)
    }

    /// Hands out what happened.
    pub fn flush(&mut self) {
        if !self.events.is_empty() {
            self.post.outbox.push(self.events.drain(..));
        }
    }
}
