//! Symmetric RTP (RFC 4961): where packets may come from, which stream is believed, and so where ours go.
//!
//! * Before the first valid packet, ours go to the address that signalling named. The first valid packet latches its source
//!   and its stream (SSRC).
//! * A stream that is alive is not displaced: another one from the same source, or the same one from elsewhere (the far end's address
//!   translator changed its mind), is followed once the old one has been silent for `ALIVE`, if it goes on where that was.
//! * The very address that signalling named always wins, so a stranger who was faster loses again.
//! * Anything else is followed only after `RELATCH` of silence, and nothing more often than `SWITCHES` times in `SPAN`.
//! * A new stream, or a jump of the sequence numbers, is believed with the second packet in a row (RFC 3550 appendix A.1).
//! * What SRTP has proved to be genuine is followed wherever it comes from.

use std::net::SocketAddr;

use crate::rtp::Header;
use crate::Micros;

/// Silence after which any source is believed.
pub const RELATCH: Micros = 2_000_000;
/// Silence after which a stream that goes on elsewhere, or its successor, is believed: longer than the longest packets.
const ALIVE: Micros = 70_000;
/// Changes of source or stream that are followed in `SPAN`.
const SWITCHES: u32 = 5;
const SPAN: Micros = 10_000_000;
/// Sequence numbers by which packets may run ahead or lag, as in RFC 3550 appendix A.1.
const AHEAD: i16 = 3000;
const BEHIND: i16 = -1000;
/// Sequence numbers that may be missing where a stream goes on from elsewhere.
const MISSING: i16 = 250;
/// Ticks per second of the fastest RTP clock.
const FASTEST: u64 = 48_000;

/// The far end's address and stream, as far as they are known.
#[derive(Debug, Default)]
pub struct Latch {
    signalled: Option<SocketAddr>,
    latched: Option<Latched>,
    claim: Option<Claim>,
    // Signalling has just spoken: another stream is no surprise.
    expecting: bool,
    switches: (u32, Micros),
    /// Packets that were not believed so far.
    pub refused: u64,
}

#[derive(Debug)]
struct Latched {
    source: SocketAddr,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    heard: Micros,
}

// The first packet of what may be a new stream.
#[derive(Debug, PartialEq)]
struct Claim {
    source: SocketAddr,
    ssrc: u32,
    next: u16,
}

impl Latch {
    /// Signalling names an address. A new one starts afresh; returns whether it is new.
    pub fn signal(&mut self, remote: SocketAddr) -> bool {
        let new = self.signalled != Some(remote);
        if new {
            self.signalled = Some(remote);
            self.latched = None;
        }
        (self.expecting, self.claim, self.switches) = (true, None, (0, 0));
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

    /// Whether a valid packet from this source belongs to the far end. `genuine` ones are beyond doubt.
    pub fn admit(&mut self, source: SocketAddr, header: &Header, genuine: bool, now: Micros) -> bool {
        let believed = match &self.latched {
            None => true,
            Some(latched) if genuine => {
                // One that was held back and comes from elsewhere moves nothing.
                let ahead = header.sequence.wrapping_sub(latched.sequence) as i16;
                latched.source == source || latched.ssrc != header.ssrc || ahead > 0
            }
            Some(latched) if latched.source == source && latched.ssrc == header.ssrc => {
                let ahead = header.sequence.wrapping_sub(latched.sequence) as i16;
                (BEHIND..AHEAD).contains(&ahead) || self.claims_twice(source, header)
            }
            Some(_) => self.displaces(source, header, now),
        };
        if !believed {
            self.refused += 1;
            return false;
        }
        self.latch(source, header, now);
        true
    }

    // Whether something takes the place of the stream that is followed.
    fn displaces(&mut self, source: SocketAddr, header: &Header, now: Micros) -> bool {
        let Some(latched) = &self.latched else { return true };
        let silent = now.saturating_sub(latched.heard);
        let (here, same) = (latched.source == source, latched.ssrc == header.ssrc);
        let relatches = silent >= RELATCH;
        let may = if self.signalled == Some(source) && !here || here && self.expecting {
            self.claims_twice(source, header)
        } else if relatches {
            true
        } else if here {
            silent >= ALIVE && self.claims_twice(source, header)
        } else {
            same && silent >= ALIVE && latched.continues(header, silent)
        };
        may && (relatches || self.switch(now))
    }

    // Whether it is the second packet in a row.
    fn claims_twice(&mut self, source: SocketAddr, header: &Header) -> bool {
        let claim = |next| Claim {
            source,
            ssrc: header.ssrc,
            next,
        };
        if self.claim.as_ref() == Some(&claim(header.sequence)) {
            return true;
        }
        self.claim = Some(claim(header.sequence.wrapping_add(1)));
        false
    }

    fn switch(&mut self, now: Micros) -> bool {
        let (count, since) = &mut self.switches;
        if *count == 0 || now.saturating_sub(*since) >= SPAN {
            (*count, *since) = (0, now);
        }
        *count += 1;
        *count <= SWITCHES
    }

    fn latch(&mut self, source: SocketAddr, header: &Header, now: Micros) {
        let before = self.latched.take();
        let same = before.filter(|before| before.source == source && before.ssrc == header.ssrc);
        if same.is_none() {
            (self.expecting, self.claim) = (false, None);
        }
        // A straggler turns nothing back.
        let straggler =
            |before: &Latched| (BEHIND..0).contains(&(header.sequence.wrapping_sub(before.sequence) as i16));
        self.latched = Some(match same {
            Some(before) if straggler(&before) => Latched { heard: now, ..before },
            _ => Latched {
                source,
                ssrc: header.ssrc,
                sequence: header.sequence,
                timestamp: header.timestamp,
                heard: now,
            },
        });
    }
}

impl Latched {
    // Whether a packet could be the next but a few, by its numbers and by the time that has passed.
    fn continues(&self, header: &Header, silent: Micros) -> bool {
        let ahead = header.sequence.wrapping_sub(self.sequence) as i16;
        let ticks = header.timestamp.wrapping_sub(self.timestamp) as i32;
        let most = (silent + 1_000_000) * FASTEST / 1_000_000;
        (1..MISSING).contains(&ahead) && ticks >= 0 && ticks as u64 <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn header(ssrc: u32, n: u16) -> Header {
        Header {
            marker: false,
            payload_type: 0,
            sequence: n,
            timestamp: u32::from(n) * 160,
            ssrc,
        }
    }

    // A far end of address 1 whose packets come from 2, heard for a second.
    struct Scene {
        latch: Latch,
        now: Micros,
        n: u16,
    }

    impl Scene {
        fn new() -> Self {
            let mut latch = Latch::default();
            latch.signal(at(1));
            let mut scene = Self { latch, now: 0, n: 0 };
            assert_eq!(scene.speaks(at(2), 7, 50), 50);
            scene
        }

        // So many packets of 20 ms from there; how many are believed.
        fn speaks(&mut self, source: SocketAddr, ssrc: u32, packets: u16) -> usize {
            (0..packets)
                .filter(|_| {
                    self.now += 20_000;
                    self.n = self.n.wrapping_add(1);
                    self.latch.admit(source, &header(ssrc, self.n), false, self.now)
                })
                .count()
        }

        // The far end speaks on, with an attacker beside it who sends whatever `forged` says after each packet; how many of
        // his are believed.
        fn attacked(&mut self, forged: impl Fn(u16) -> Vec<(SocketAddr, Header)>) -> usize {
            let mut believed = 0;
            for _ in 0..500 {
                assert_eq!(self.speaks(at(2), 7, 1), 1, "the far end is always heard");
                for (source, header) in forged(self.n) {
                    self.now += 1000;
                    believed += usize::from(self.latch.admit(source, &header, false, self.now));
                }
                assert_eq!(self.latch.target(), Some(at(2)));
            }
            believed
        }
    }

    #[test]
    fn the_first_source_is_followed() {
        let scene = Scene::new();
        assert_eq!((scene.latch.target(), scene.latch.confirmed()), (Some(at(2)), true));
    }

    #[test]
    fn strangers_are_not_listened_to_whatever_they_know() {
        let mut scene = Scene::new();
        assert_eq!(
            scene.attacked(|n| vec![(at(3), header(8, n)), (at(3), header(8, n + 1))]),
            0
        );
        // He reads along: the right stream, the right numbers.
        assert_eq!(
            scene.attacked(|n| (1..4).map(|k| (at(3), header(7, n + k))).collect()),
            0
        );
        // He forges the source, and guesses a stream or only its numbers.
        assert_eq!(
            scene.attacked(|n| (1..4).map(|k| (at(2), header(9, n + k))).collect()),
            0
        );
        assert_eq!(
            scene.attacked(|n| vec![(at(2), header(7, n.wrapping_add(20_000 + 7 * (n % 9))))]),
            0
        );
        assert!(scene.latch.refused > 4000);
    }

    #[test]
    fn the_same_stream_is_followed_when_an_address_translator_changed_its_mind() {
        let mut scene = Scene::new();
        assert_eq!(scene.speaks(at(3), 7, 50), 47);
        assert_eq!(scene.latch.target(), Some(at(3)));
    }

    #[test]
    fn what_does_not_go_on_where_the_stream_was_is_not_followed() {
        for (sequence, timestamp) in [(900, 8160), (40, 6400), (60, 1_000_000), (60, 7000)] {
            let mut scene = Scene::new();
            let forged = Header {
                timestamp,
                ..header(7, sequence)
            };
            assert!(!scene.latch.admit(at(3), &forged, false, scene.now + 500_000));
        }
    }

    #[test]
    fn another_stream_from_the_same_place_is_followed_when_the_old_one_stopped() {
        let mut scene = Scene::new();
        assert_eq!(scene.speaks(at(2), 8, 50), 46);
        assert_eq!(scene.speaks(at(2), 8, 50), 50);
    }

    #[test]
    fn another_stream_after_signalling_is_followed_with_its_second_packet() {
        let mut scene = Scene::new();
        assert!(!scene.latch.signal(at(1)));
        assert_eq!(scene.speaks(at(2), 8, 50), 49);
    }

    #[test]
    fn a_jump_of_the_numbers_is_believed_with_the_second_packet() {
        let mut scene = Scene::new();
        scene.n = 40_000;
        assert_eq!(scene.speaks(at(2), 7, 50), 49);
    }

    #[test]
    fn after_silence_anybody_may_take_over() {
        let mut scene = Scene::new();
        scene.now += RELATCH;
        assert_eq!(scene.speaks(at(3), 8, 10), 10);
    }

    #[test]
    fn the_signalled_address_wins_over_a_stranger_who_was_faster() {
        let mut scene = Scene::new();
        assert_eq!(scene.speaks(at(1), 9, 10), 9);
        assert_eq!(scene.latch.target(), Some(at(1)));
        assert_eq!(scene.speaks(at(2), 7, 10), 0);
    }

    #[test]
    fn changes_are_followed_a_few_times_only() {
        let mut scene = Scene::new();
        let mut targets = Vec::new();
        for n in 0..40 {
            scene.now += ALIVE;
            scene.speaks(at(10 + n % 2), 7, 1);
            targets.push(scene.latch.target());
        }
        let changes = targets.windows(2).filter(|w| w[0] != w[1]).count();
        assert!(changes <= SWITCHES as usize, "{changes}");
        // Whoever is left alone for long enough is found again all the same.
        scene.now += RELATCH;
        assert_eq!(scene.speaks(at(77), 7, 5), 5);
    }

    #[test]
    fn what_is_genuine_is_followed_at_once() {
        let mut scene = Scene::new();
        assert!(scene.latch.admit(at(3), &header(7, 60), true, scene.now + 1000));
        assert_eq!(scene.latch.target(), Some(at(3)));
        assert!(!scene.latch.admit(at(4), &header(7, 55), true, scene.now + 2000));
    }

    #[test]
    fn a_new_address_by_signalling_starts_afresh() {
        let mut scene = Scene::new();
        assert!(scene.latch.signal(at(5)));
        assert_eq!((scene.latch.target(), scene.latch.confirmed()), (Some(at(5)), false));
    }
}
