//! What a session does now and then: reports, and notices that its far end fell silent.

use std::net::SocketAddr;

use super::{Session, REPORT_EVERY};
use crate::command::Direction;
use crate::event::Event;
use crate::rtcp;
use crate::world::World;
use crate::Micros;

impl Session {
    pub(super) fn watch(&mut self, now: Micros, world: &mut dyn World) {
        let Some(connect) = &self.connect else { return };
        let silent = now.saturating_sub(self.heard) / 1000;
        let timeout = self.settings.rtp_timeout;
        // A far end that only sends has us on hold; many phones play nothing then and must not be taken for lost.
        let expects = timeout > 0 && connect.direction == Direction::SendRecv && self.closing.is_none();
        if expects && !self.lost && silent >= timeout {
            self.lost = true;
            world.emit(Event::RtpLost(self.id, silent));
        }
        if now >= self.report {
            // Spread over half to one and a half of the interval, lest all report at once (RFC 3550 section 6.2).
            self.report = now + REPORT_EVERY / 2 + world.random() % REPORT_EVERY;
            if self.line.confirmed() {
                self.send_report(now, false, world);
            }
        }
    }

    fn reports_to(&self, shared: bool) -> Option<SocketAddr> {
        let target = self.line.target()?;
        let beside = || SocketAddr::new(target.ip(), target.port().saturating_add(1));
        Some(if shared {
            target
        } else {
            self.rtcp_source.unwrap_or_else(beside)
        })
    }

    pub(super) fn send_report(&mut self, now: Micros, bye: bool, world: &mut dyn World) {
        let shared = self.connect.as_ref().is_some_and(|connect| connect.rtcp_mux);
        let Some(to) = self.reports_to(shared) else { return };
        let sent = rtcp::Sent {
            ssrc: self.sender.ssrc(),
            packets: self.line.packets,
            octets: self.line.octets,
            timestamp: self.sender.timestamp(),
            ntp: world.ntp(),
        };
        let packet = rtcp::report(sent, &mut self.reception, now, bye);
        self.line.report(to, &packet, shared, world);
    }
}
