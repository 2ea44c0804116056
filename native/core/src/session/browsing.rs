//! A session whose far end is a browser: ICE and DTLS decide where its packets go and under which keys.

use super::{Heard, Session};
use crate::webrtc::demux::{kind, Kind};
use crate::webrtc::path::Path;
use crate::webrtc::{Opening, Peer, Transport};
use crate::world::World;
use crate::Micros;

impl Session {
    /// Lets it be reached on the port that all browsers share.
    pub fn open_to_browser(&mut self, opening: Opening, world: &mut dyn World) {
        self.web = Some(Box::new(Transport::new(self.id, opening, world)));
        self.line.lead(None);
    }

    pub(super) fn connect_browser(&mut self, peer: &Peer, now: Micros, world: &mut dyn World) {
        if let Some(web) = &mut self.web {
            web.connect(peer, now, world);
        }
        self.follow();
    }

    /// A packet of any kind arrived by a path of this session.
    pub fn receive_web<'a>(
        &mut self,
        packet: &'a mut [u8],
        path: Path,
        now: Micros,
        world: &mut dyn World,
    ) -> Heard<'a> {
        let Some(web) = &mut self.web else {
            return Heard::Nothing;
        };
        match kind(packet) {
            Kind::Stun => web.check(packet, path, now, world),
            Kind::Dtls => web.shake(packet, path, now, world),
            Kind::Rtp => return self.receive(packet, path.address, now, world),
            Kind::Rtcp => self.receive_rtcp(packet, path.address, now, world),
            Kind::Other => {}
        }
        self.follow();
        Heard::Nothing
    }

    pub(super) fn browse(&mut self, now: Micros, world: &mut dyn World) {
        if let Some(web) = &mut self.web {
            web.tick(now, world);
            self.follow();
        }
    }

    fn follow(&mut self) {
        let Some(web) = &mut self.web else { return };
        let (path, keys) = (web.path(), web.take_keys());
        self.line.lead(path);
        if keys.is_some() {
            self.secure(keys.as_ref());
        }
    }
}
