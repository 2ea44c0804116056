//! Symmetric RTP (RFC 4961): where packets may come from, and so where ours go.
//!
//! * Before the first valid packet, ours go to the address that signalling named.
//! * The first valid packet latches its source.
//! * A packet from the very address that signalling named always wins, so a stranger who was faster loses again.
//! * Another source is followed only if it continues the stream (same SSRC: the far end's NAT changed its mind) or if
//!   the latched source has been silent for `RELATCH`. Everything else is not listened to.

use std::net::SocketAddr;

use crate::Micros;

/// Silence after which a new source is believed.
pub const RELATCH: Micros = 2_000_000;

/// The far end's address, as far as it is known.
#[derive(Debug, Default)]
pub struct Latch {
    signalled: Option<SocketAddr>,
    latched: Option<Latched>,
}

#[derive(Debug)]
struct Latched {
    source: SocketAddr,
    ssrc: u32,
    heard: Micros,
}

impl Latch {
    /// Signalling names an address. A new one starts afresh; returns whether it is new.
    pub fn signal(&mut self, remote: SocketAddr) -> bool {
        let new = self.signalled != Some(remote);
        if new {
            self.signalled = Some(remote);
            self.latched = None;
        }
        new
    }

    /// Where to send.
    pub fn target(&self) -> Option<SocketAddr> {
        self.latched.as_ref().map(|l| l.source).or(self.signalled)
    }

    /// Whether the far end has proved that it is there.
    pub fn confirmed(&self) -> bool {
        self.latched.is_some()
    }

    /// Whether a valid packet from this source belongs to the far end.
    pub fn admit(&mut self, source: SocketAddr, ssrc: u32, now: Micros) -> bool {
        if let Some(latched) = &mut self.latched {
            let believed = latched.source == source
                || self.signalled == Some(source)
                || latched.ssrc == ssrc
                || now.saturating_sub(latched.heard) >= RELATCH;
            if !believed {
                return false;
            }
        }
        self.latched = Some(Latched {
            source,
            ssrc,
            heard: now,
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn latched() -> Latch {
        let mut latch = Latch::default();
        latch.signal(at(1));
        assert!(latch.admit(at(2), 7, 0));
        latch
    }

    #[test]
    fn the_first_source_is_followed() {
        let latch = latched();
        assert_eq!(latch.target(), Some(at(2)));
        assert!(latch.confirmed());
    }

    #[test]
    fn a_stranger_is_not_listened_to() {
        let mut latch = latched();
        assert!(!latch.admit(at(3), 8, 1_000_000));
        assert_eq!(latch.target(), Some(at(2)));
    }

    #[test]
    fn the_same_stream_from_elsewhere_is_followed() {
        let mut latch = latched();
        assert!(latch.admit(at(3), 7, 1_000_000));
        assert_eq!(latch.target(), Some(at(3)));
    }

    #[test]
    fn after_silence_anybody_may_take_over() {
        let mut latch = latched();
        assert!(latch.admit(at(3), 8, RELATCH));
    }

    #[test]
    fn the_signalled_address_wins_over_a_stranger_who_was_faster() {
        let mut latch = latched();
        assert!(latch.admit(at(1), 9, 100));
        assert_eq!(latch.target(), Some(at(1)));
        assert!(!latch.admit(at(2), 8, 200));
    }

    #[test]
    fn a_new_address_by_signalling_starts_afresh() {
        let mut latch = latched();
        assert!(!latch.signal(at(1)));
        assert!(latch.signal(at(5)));
        assert_eq!((latch.target(), latch.confirmed()), (Some(at(5)), false));
    }
}
