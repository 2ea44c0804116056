//! RTCP (RFC 3550 section 6): what we report, what the far end reports, and the reckoning of loss and jitter.
//!
//! Sender and receiver reports with SDES CNAME and BYE; nothing else is made or understood.

use crate::drift::Drift;
use crate::rtp::Header;
use crate::Micros;

const SR: u8 = 200;
const RR: u8 = 201;
const SDES: u8 = 202;
const BYE: u8 = 203;

/// The extended sequence number's state (RFC 3550 appendix A.1), loss (A.3) and jitter (A.8) of the stream we hear.
#[derive(Debug, Default)]
pub struct Reception {
    ssrc: Option<u32>,
    base: u32,
    highest: u32,
    received: u64,
    before: u64,
    lost_before: u64,
    reported_expected: u64,
    reported_received: u64,
    clock: u32,
    transit: Option<i64>,
    jitter: f64,
    last_sr: Option<(u32, Micros)>,
    round_trip: Option<f64>,
    // Which of the last 64 up to the highest have come.
    seen: u64,
    duplicates: u64,
    drift: Drift,
    far: Option<FarEnd>,
}

/// What the far end says of the stream that we send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FarEnd {
    /// Packets that never arrived there, less those that came twice.
    pub lost: u64,
    /// Share of packets that it has missed since its report before, 0..1.
    pub fraction: f64,
    /// Interarrival jitter there, in ticks of our clock.
    pub jitter: u32,
}

impl Reception {
    /// Counts a packet; `false` for one that came before. `clock` is that of its timestamps in hertz; `None` for events, whose
    /// timestamps tell nothing of their sending.
    pub fn receive(&mut self, header: &Header, now: Micros, clock: Option<u32>) -> bool {
        let sequence = u32::from(header.sequence);
        let ahead = header.sequence.wrapping_sub(self.highest as u16) as i16;
        if self.ssrc != Some(header.ssrc) || !(-1000..3000).contains(&ahead) {
            self.lost_before += self.lost_now();
            self.before += self.received;
            self.ssrc = Some(header.ssrc);
            // One cycle above zero, so that a straggler before the first packet has a number too.
            self.base = sequence + 0x1_0000;
            self.highest = self.base;
            (self.received, self.reported_expected, self.reported_received) = (0, 0, 0);
            (self.transit, self.seen, self.drift) = (None, 1, Drift::default());
        } else if ahead > 0 {
            self.highest = self.highest.wrapping_add(ahead as u32);
            self.seen = self.seen.checked_shl(ahead as u32).unwrap_or(0) | 1;
        } else {
            let bit = 1u64.checked_shl(u32::from(ahead.unsigned_abs())).unwrap_or(0);
            if self.seen & bit != 0 {
                self.duplicates += 1;
                return false;
            }
            self.seen |= bit;
            self.base = self.base.min(self.highest.wrapping_add_signed(i32::from(ahead)));
        }
        self.received += 1;
        if let Some(clock) = clock {
            if self.clock != clock {
                (self.clock, self.transit, self.jitter) = (clock, None, 0.0);
                self.drift = Drift::default();
            }
            self.drift.note(header.timestamp, clock, now);
            let arrival = (now as i64 * i64::from(clock) / 1_000_000) as u32;
            let transit = i64::from(arrival.wrapping_sub(header.timestamp) as i32);
            if let Some(before) = self.transit.replace(transit) {
                let difference = (transit - before).unsigned_abs() as f64;
                // A jump of more than a second is a new time base, not jitter.
                if difference < f64::from(clock) {
                    self.jitter += (difference - self.jitter) / 16.0;
                }
            }
        }
        true
    }

    /// The stream may begin anew under its old name: what has been seen of it tells nothing of what comes.
    pub fn renew(&mut self) {
        self.seen = 0;
    }

    fn expected(&self) -> u64 {
        self.ssrc
            .map_or(0, |_| u64::from(self.highest.wrapping_sub(self.base)) + 1)
    }

    fn lost_now(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Packets that arrived.
    pub fn received(&self) -> u64 {
        self.before + self.received
    }

    /// Packets that should have.
    pub fn lost(&self) -> u64 {
        self.lost_before + self.lost_now()
    }

    /// Packets that came more than once, each time after the first; they are not among those that arrived.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Parts in a million by which the far end's clock is fast, when there was enough to tell.
    pub fn drift(&self) -> Option<f64> {
        self.drift.ppm()
    }

    /// What the far end says of our stream, if it does.
    pub fn far_end(&self) -> Option<FarEnd> {
        self.far
    }

    /// Milliseconds.
    pub fn jitter(&self) -> f64 {
        self.jitter * 1000.0 / f64::from(self.clock.max(1))
    }

    /// Milliseconds, when the far end's reports allow to tell.
    pub fn round_trip(&self) -> Option<f64> {
        self.round_trip
    }

    /// Reads what a stranger sent, whole or reduced (RFC 5506); `ours` is our SSRC, `ntp` the middle 32 bits of the time now. Whether it
    /// said something of our stream.
    pub fn receive_rtcp(&mut self, mut packet: &[u8], ours: u32, ntp: u32, now: Micros) -> bool {
        let mut told = false;
        while let [first, kind, high, low, ..] = *packet {
            let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
            let Some(body) = packet.get(..length).filter(|_| first >> 6 == 2) else {
                return told;
            };
            let blocks = match kind {
                SR => {
                    if let (Some(sender), Some(middle)) = (word(body, 4), word(body, 10)) {
                        if self.ssrc == Some(sender) {
                            self.last_sr = Some((middle, now));
                        }
                    }
                    28
                }
                RR => 8,
                _ => body.len(),
            };
            for block in body
                .get(blocks..)
                .unwrap_or(&[])
                .chunks_exact(24)
                .take(usize::from(first & 31))
            {
                if word(block, 0) == Some(ours) {
                    self.hear_report(block, ntp);
                    told = true;
                }
            }
            packet = &packet[length..];
        }
        told
    }

    fn hear_report(&mut self, block: &[u8], ntp: u32) {
        let at = |offset| word(block, offset).unwrap_or(0);
        let lost = ((at(4) << 8) as i32) >> 8;
        self.far = Some(FarEnd {
            lost: lost.max(0) as u64,
            fraction: f64::from(at(4) >> 24) / 256.0,
            jitter: at(12),
        });
        let (last, delay) = (at(16), at(20));
        let trip = ntp.wrapping_sub(last).wrapping_sub(delay);
        if last != 0 && trip < 60 << 16 {
            self.round_trip = Some(f64::from(trip) * 1000.0 / 65_536.0);
        }
    }

    fn block(&mut self, now: Micros) -> Option<[u8; 24]> {
        let ssrc = self.ssrc?;
        let expected = self.expected() - self.reported_expected;
        let received = self.received - self.reported_received;
        (self.reported_expected, self.reported_received) = (self.expected(), self.received);
        let fraction = (expected.saturating_sub(received) * 256)
            .checked_div(expected)
            .unwrap_or(0);
        let (last, delay) = self
            .last_sr
            .map_or((0, 0), |(middle, at)| (middle, (now - at) * 65_536 / 1_000_000));
        let mut block = [0; 24];
        block[..4].copy_from_slice(&ssrc.to_be_bytes());
        block[4..8].copy_from_slice(&(self.lost_now().min(0x7F_FFFF) as u32).to_be_bytes());
        block[4] = fraction.min(255) as u8;
        block[8..12].copy_from_slice(&self.highest.wrapping_sub(0x1_0000).to_be_bytes());
        block[12..16].copy_from_slice(&(self.jitter as u32).to_be_bytes());
        block[16..20].copy_from_slice(&last.to_be_bytes());
        block[20..24].copy_from_slice(&(delay as u32).to_be_bytes());
        Some(block)
    }
}

/// What a sender report tells of our own stream.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Our stream.
    pub ssrc: u32,
    /// Packets so far.
    pub packets: u64,
    /// Payload bytes so far.
    pub octets: u64,
    /// RTP time that corresponds to `ntp`.
    pub timestamp: u32,
    /// Wall clock.
    pub ntp: u64,
}

/// A compound packet: a report, our name, and a farewell if it is the last.
pub fn report(sent: Sent, reception: &mut Reception, now: Micros, bye: bool) -> Vec<u8> {
    let block = reception.block(now);
    let mut packet = Vec::with_capacity(96);
    let kind = if sent.packets > 0 { SR } else { RR };
    open(&mut packet, block.is_some() as u8, kind);
    packet.extend(sent.ssrc.to_be_bytes());
    if kind == SR {
        packet.extend(sent.ntp.to_be_bytes());
        packet.extend(sent.timestamp.to_be_bytes());
        packet.extend((sent.packets as u32).to_be_bytes());
        packet.extend((sent.octets as u32).to_be_bytes());
    }
    packet.extend(block.iter().flatten());
    close(&mut packet, 0);
    let start = packet.len();
    open(&mut packet, 1, SDES);
    packet.extend(sent.ssrc.to_be_bytes());
    let name = format!("{:08x}@offhook", sent.ssrc);
    packet.extend([1, name.len() as u8]);
    packet.extend(name.bytes());
    packet.push(0);
    while packet.len() % 4 != 0 {
        packet.push(0);
    }
    close(&mut packet, start);
    if bye {
        let start = packet.len();
        open(&mut packet, 1, BYE);
        packet.extend(sent.ssrc.to_be_bytes());
        close(&mut packet, start);
    }
    packet
}

fn open(packet: &mut Vec<u8>, count: u8, kind: u8) {
    packet.extend([0x80 | count, kind, 0, 0]);
}

fn close(packet: &mut [u8], start: usize) {
    let words = (packet.len() - start) / 4 - 1;
    packet[start + 2..start + 4].copy_from_slice(&(words as u16).to_be_bytes());
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(sequence: u16) -> Header {
        let timestamp = u32::from(sequence).wrapping_mul(160);
        Header {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp,
            ssrc: 9,
        }
    }

    #[test]
    fn loss_is_counted_across_the_wrap_of_the_sequence() {
        let mut reception = Reception::default();
        for n in (0..100u16).filter(|n| n % 10 != 5) {
            reception.receive(&header(n.wrapping_sub(50)), u64::from(n) * 20_000, Some(8000));
        }
        assert_eq!((reception.received(), reception.lost()), (90, 10));
    }

    #[test]
    fn packets_out_of_order_are_not_lost() {
        let mut reception = Reception::default();
        for n in [3, 1, 2, 0, 5, 4] {
            reception.receive(&header(n), 0, None);
        }
        assert_eq!((reception.received(), reception.lost()), (6, 0));
    }

    #[test]
    fn packets_that_come_twice_count_once() {
        let mut reception = Reception::default();
        let fresh = [0, 1, 1, 3, 2, 2, 0, 200, 199, 199, 100].map(|n| reception.receive(&header(n), 0, None));
        let expected = [true, true, false, true, true, false, false, true, true, false, true];
        assert_eq!((fresh, reception.received(), reception.duplicates()), (expected, 7, 4));
    }

    #[test]
    fn what_the_far_end_says_of_us_is_understood_reduced_or_whole() {
        let mut far = Reception::default();
        for n in (0..100).filter(|n| n % 4 != 1) {
            far.receive(&header(n), u64::from(n) * 20_000, Some(8000));
        }
        let sent = |packets| Sent {
            ssrc: 5,
            packets,
            octets: 0,
            timestamp: 0,
            ntp: 0,
        };
        let whole = report(sent(0), &mut far, 0, false);
        let mut near = Reception::default();
        assert!(near.receive_rtcp(&whole, 9, 0, 0));
        let found = near.far_end().expect("a report");
        assert_eq!((found.lost, (found.fraction * 100.0).round()), (25, 25.0));
        // Reduced size: the farewell and the name first, or alone.
        let mut reduced = whole[32..].to_vec();
        assert!(!near.receive_rtcp(&reduced, 9, 0, 0));
        reduced.extend(&whole[..32]);
        assert!(near.receive_rtcp(&reduced, 9, 0, 0));
    }

    #[test]
    fn jitter_follows_the_spread_of_the_arrivals() {
        let mut reception = Reception::default();
        for n in 0..1000u16 {
            let sway = if n % 2 == 0 { 0 } else { 4000 };
            reception.receive(&header(n), u64::from(n) * 20_000 + sway, Some(8000));
        }
        assert!((3.5..4.5).contains(&reception.jitter()), "{}", reception.jitter());
    }

    #[test]
    fn two_ends_measure_the_round_trip() {
        let sent = |ssrc, ntp| Sent {
            ssrc,
            packets: 5,
            octets: 800,
            timestamp: 0,
            ntp,
        };
        let (mut a, mut b) = (Reception::default(), Reception::default());
        a.receive(&Header { ssrc: 2, ..header(0) }, 0, Some(8000));
        b.receive(&Header { ssrc: 1, ..header(0) }, 0, Some(8000));
        let second = 1u64 << 32;
        let from_a = report(sent(1, 10 * second), &mut a, 0, false);
        b.receive_rtcp(&from_a, 2, 0, 1_000_000);
        let from_b = report(sent(2, 50 * second), &mut b, 2_000_000, true);
        a.receive_rtcp(&from_b, 1, ((11 * second + second / 2) >> 16) as u32, 1_500_000);
        let trip = a.round_trip().expect("a round trip");
        assert!((trip - 500.0).abs() < 1.0, "{trip}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), kind in 199u8..204) {
            let mut reception = Reception::default();
            reception.receive_rtcp(&bytes, 1, 2, 3);
            let mut packet = vec![0x81, kind, 0, (bytes.len() / 4) as u8];
            packet.extend(&bytes);
            reception.receive_rtcp(&packet, 1, 2, 3);
        }

        #[test]
        fn no_stream_makes_the_reckoning_panic(packets in proptest::collection::vec((any::<u16>(), any::<u32>(), any::<bool>(), 0u64..1 << 50), 0..50)) {
            let mut reception = Reception::default();
            for (sequence, timestamp, same, now) in packets {
                let ssrc = u32::from(same);
                reception.receive(&Header { marker: false, payload_type: 0, sequence, timestamp, ssrc }, now, Some(8000));
                let _ = reception.block(now);
                let _ = reception.lost();
            }
        }
    }
}
