//! How a session's packets leave: where to, and how many to an address that never sent any.

use std::net::SocketAddr;

use crate::command::SessionId;
use crate::latch::Latch;
use crate::rtp;
use crate::sender::Packet;
use crate::srtp::{MasterKey, Outbound};
use crate::webrtc::path::Path;
use crate::world::World;
use crate::Micros;

/// How packets leave, apart from what makes them.
#[derive(Debug)]
pub struct Line {
    session: SessionId,
    /// Where to.
    pub latch: Latch,
    unconfirmed: u32,
    limit: u32,
    /// Sent so far.
    pub packets: u64,
    /// Payload bytes sent so far.
    pub octets: u64,
    /// When the last was sent.
    pub last: Micros,
    seal: Option<Outbound>,
    /// Of a browser leg: nothing leaves unless there is a way and a key.
    web: bool,
    path: Option<Path>,
}

impl Line {
    /// Towards nobody yet.
    pub fn new(session: SessionId, now: Micros) -> Self {
        Self {
            session,
            latch: Latch::default(),
            unconfirmed: 0,
            limit: 0,
            packets: 0,
            octets: 0,
            last: now,
            seal: None,
            web: false,
            path: None,
        }
    }

    /// Signalling names an address, and how many packets it may get before it has sent any. Returns whether it is new.
    pub fn signal(&mut self, remote: SocketAddr, limit: u32) -> bool {
        self.limit = limit;
        let new = self.latch.signal(remote);
        if new {
            self.unconfirmed = 0;
        }
        new
    }

    /// What leaves from now on is sealed under this key, or goes plain. A key that is named again goes on.
    pub fn secure(&mut self, key: Option<&MasterKey>) {
        match (key, &self.seal) {
            (Some(key), Some(seal)) if seal.uses(key) => {}
            (key, _) => self.seal = key.map(|key| Outbound::new(key.clone())),
        }
    }

    /// From now on packets go to a browser by this path, once there is one, and never plain.
    pub fn lead(&mut self, path: Option<Path>) {
        (self.web, self.path) = (true, path);
    }

    /// Where packets go.
    pub fn target(&self) -> Option<SocketAddr> {
        self.path.map(|path| path.address).or_else(|| self.latch.target())
    }

    /// Whether what is sent now can arrive.
    pub fn ready(&self) -> bool {
        !self.web || self.path.is_some() && self.seal.is_some()
    }

    /// Whether the far end has proved that it is there.
    pub fn confirmed(&self) -> bool {
        self.latch.confirmed() || self.web && self.ready()
    }

    /// Sends a report to where the far end takes it, from the port of RTP where that is `shared`.
    pub fn report(&mut self, to: SocketAddr, packet: &[u8], shared: bool, world: &mut dyn World) {
        let sealed = match &mut self.seal {
            None => Some(packet),
            Some(seal) => seal.rtcp(packet),
        };
        match (sealed, self.path) {
            (Some(packet), Some(path)) => world.web(self.session, path, packet),
            (Some(packet), None) if shared => world.rtp(self.session, to, packet),
            (Some(packet), None) => world.rtcp(self.session, to, packet),
            (None, _) => {}
        }
    }

    /// Sends a packet to the far end, if there is one and it may have another.
    pub fn send(&mut self, packet: Packet, now: Micros, world: &mut dyn World) {
        if self.web {
            if let Some((seal, path)) = self.seal.as_mut().zip(self.path) {
                self.packets += 1;
                self.octets += (packet.len() - rtp::HEADER) as u64;
                self.last = now;
                if let Some(packet) = seal.rtp(packet) {
                    world.web(self.session, path, packet);
                }
            }
            return;
        }
        let Some(target) = self.latch.target() else { return };
        if !self.latch.confirmed() {
            if self.unconfirmed >= self.limit {
                return;
            }
            self.unconfirmed += 1;
        }
        self.packets += 1;
        self.octets += (packet.len() - rtp::HEADER) as u64;
        self.last = now;
        match &mut self.seal {
            None => world.rtp(self.session, target, packet),
            Some(seal) => {
                if let Some(packet) = seal.rtp(packet) {
                    world.rtp(self.session, target, packet);
                }
            }
        }
    }
}
