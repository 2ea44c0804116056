//! The stream that we send: one SSRC and one row of sequence numbers, whatever it is made of (RFC 3550 section 5.1).
//!
//! Audio that we make runs on the tick's clock; packets that pass through keep their own order and spacing, moved by a
//! constant distance, until something else is sent in between.

use crate::command::{Codec, Connect};
use crate::dtmf;
use crate::g711;
use crate::rtp::{Header, HEADER};
use crate::FRAME;

/// The largest packet that we make or pass on.
pub const LARGEST: usize = 1500;

/// A packet ready to go.
pub type Packet<'a> = &'a [u8];

/// Makes the packets of one stream.
#[derive(Debug)]
pub struct Sender {
    ssrc: u32,
    sequence: u16,
    clock: u32,
    last: u32,
    marker: bool,
    codes: Vec<u8>,
    passage: Option<Passage>,
    event: Option<u32>,
    buffer: Box<[u8; LARGEST]>,
}

#[derive(Debug, Clone, Copy)]
struct Passage {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Sender {
    /// Starts at random numbers (RFC 3550 section 5.1).
    pub fn new(random: u64) -> Self {
        let clock = (random >> 8) as u32;
        Self {
            ssrc: (random >> 32) as u32,
            sequence: random as u16,
            clock,
            last: clock.wrapping_sub(1),
            marker: true,
            codes: Vec::with_capacity(1024),
            passage: None,
            event: None,
            buffer: Box::new([0; LARGEST]),
        }
    }

    /// Our stream's name.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The RTP time of the present tick.
    pub fn timestamp(&self) -> u32 {
        self.clock
    }

    /// A tick has passed, whether or not anything was sent.
    pub fn advance(&mut self) {
        self.clock = self.clock.wrapping_add(FRAME as u32);
    }

    fn own(&mut self) {
        self.passage = None;
        // What passed through may have run ahead of our clock.
        let ahead = self.last.wrapping_sub(self.clock) as i32;
        if (0..80_000).contains(&ahead) {
            self.clock = self.last.wrapping_add(1);
        }
    }

    fn packet(&mut self, header: Header, payload: usize) -> Packet<'_> {
        self.buffer[..HEADER].copy_from_slice(&header.to_bytes());
        self.sequence = header.sequence.wrapping_add(1);
        self.last = header.timestamp;
        &self.buffer[..HEADER + payload]
    }

    /// One tick of audio; hands out the packets that are full.
    pub fn audio(&mut self, to: &Connect, frame: &[i16; FRAME], mut send: impl FnMut(Packet)) {
        if self.codes.is_empty() {
            self.own();
        }
        let before = self.codes.len();
        self.codes.resize(before + FRAME, 0);
        g711::encode(to.codec, frame, &mut self.codes[before..]);
        let size = to.ptime as usize * 8;
        let mut timestamp = self.clock.wrapping_sub(before as u32);
        let mut start = 0;
        while self.codes.len() - start >= size {
            self.send_codes(to, start, size, timestamp, &mut send);
            start += size;
            timestamp = timestamp.wrapping_add(size as u32);
        }
        self.codes.drain(..start);
    }

    /// Nothing follows for now: what waits for a full packet goes out, filled up with silence.
    pub fn pause(&mut self, to: &Connect, mut send: impl FnMut(Packet)) {
        let waiting = self.codes.len();
        if waiting > 0 {
            let size = to.ptime as usize * 8;
            self.codes.resize(size, g711::silence(to.codec));
            let timestamp = self.clock.wrapping_sub(waiting as u32);
            self.send_codes(to, 0, size, timestamp, &mut send);
            self.codes.clear();
        }
        self.marker = true;
    }

    fn send_codes(&mut self, to: &Connect, start: usize, size: usize, timestamp: u32, send: &mut impl FnMut(Packet)) {
        self.buffer[HEADER..HEADER + size].copy_from_slice(&self.codes[start..start + size]);
        let header = Header {
            marker: std::mem::take(&mut self.marker),
            payload_type: to.payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        send(self.packet(header, size));
    }

    /// One packet of a telephone event (RFC 4733): `duration` in samples so far.
    pub fn event(&mut self, payload_type: u8, event: u8, duration: u16, end: bool, mut send: impl FnMut(Packet)) {
        let marker = self.event.is_none();
        if marker {
            self.own();
            self.codes.clear();
        }
        let timestamp = *self.event.get_or_insert(self.clock);
        self.buffer[HEADER..HEADER + 4].copy_from_slice(&dtmf::Payload { event, end, duration }.to_bytes());
        let header = Header {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        send(self.packet(header, 4));
    }

    /// The event is over; the next one has a timestamp of its own.
    pub fn event_over(&mut self) {
        self.event = None;
        self.marker = true;
    }

    /// A packet of another leg passes through under our names. `codec` is what its payload holds, `None` an event.
    pub fn pass(
        &mut self,
        to: &Connect,
        from: Header,
        payload: &[u8],
        codec: Option<Codec>,
        mut send: impl FnMut(Packet),
    ) {
        let Some(payload_type) = codec.map_or(to.dtmf, |_| Some(to.payload_type)) else {
            return;
        };
        if payload.len() > LARGEST - HEADER {
            return;
        }
        let known = self.passage.filter(|p| {
            let distance = from.sequence.wrapping_add(p.sequence).wrapping_sub(self.sequence) as i16;
            p.ssrc == from.ssrc && distance.abs() < 1000
        });
        let passage = known.unwrap_or_else(|| {
            self.own();
            self.codes.clear();
            Passage {
                ssrc: from.ssrc,
                sequence: self.sequence.wrapping_sub(from.sequence),
                timestamp: self.clock.wrapping_sub(from.timestamp),
            }
        });
        self.passage = Some(passage);
        let out = &mut self.buffer[HEADER..HEADER + payload.len()];
        out.copy_from_slice(payload);
        if let Some(codec) = codec {
            g711::transcode(codec, to.codec, out);
        }
        let header = Header {
            marker: from.marker || known.is_none(),
            payload_type,
            sequence: from.sequence.wrapping_add(passage.sequence),
            timestamp: from.timestamp.wrapping_add(passage.timestamp),
            ssrc: self.ssrc,
        };
        let (sequence, last) = (self.sequence, self.last);
        send(self.packet(header, payload.len()));
        // A straggler does not turn our own count back.
        if (header.sequence.wrapping_sub(sequence) as i16) < 0 {
            self.sequence = sequence;
        }
        if (header.timestamp.wrapping_sub(last) as i32) < 0 {
            self.last = last;
        }
        self.marker = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Direction;
    use crate::rtp::parse;

    fn connect(ptime: u32) -> Connect {
        Connect {
            remote: ([127, 0, 0, 1], 9).into(),
            codec: Codec::Pcma,
            payload_type: 8,
            accepts: vec![(8, Codec::Pcma)],
            dtmf: Some(101),
            dtmf_accepts: Some(101),
            ptime,
            direction: Direction::SendRecv,
            unconfirmed_limit: 500,
            security: None,
        }
    }

    fn headers(run: impl FnOnce(&mut Sender, &mut dyn FnMut(Packet))) -> Vec<(Header, usize)> {
        let mut sender = Sender::new(0x1234_5678_9ABC_DEF0);
        let mut sent = Vec::new();
        run(&mut sender, &mut |packet| {
            let (header, payload) = parse(packet).expect("our own packet");
            sent.push((header, payload.len()));
        });
        sent
    }

    #[test]
    fn every_packet_length_makes_an_even_stream() {
        for ptime in [10, 20, 30, 40, 60] {
            let sent = headers(|sender, send| {
                for _ in 0..30 {
                    sender.audio(&connect(ptime), &[0; FRAME], &mut *send);
                    sender.advance();
                }
            });
            assert_eq!(sent.len() as u32, 600 / ptime);
            assert!(sent[0].0.marker && !sent[1].0.marker);
            for pair in sent.windows(2) {
                assert_eq!(pair[1].0.sequence, pair[0].0.sequence.wrapping_add(1));
                assert_eq!(pair[1].0.timestamp, pair[0].0.timestamp.wrapping_add(ptime * 8));
                assert_eq!(pair[0].1, ptime as usize * 8);
            }
        }
    }

    #[test]
    fn what_passes_through_keeps_its_order_between_our_own_packets() {
        let from = |sequence, timestamp| Header {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp,
            ssrc: 77,
        };
        let sent = headers(|sender, send| {
            sender.audio(&connect(20), &[0; FRAME], &mut *send);
            sender.advance();
            for n in [10u16, 12, 11, 13] {
                sender.pass(
                    &connect(20),
                    from(n, u32::from(n) * 160),
                    &[0; 160],
                    Some(Codec::Pcmu),
                    &mut *send,
                );
            }
            sender.advance();
            sender.audio(&connect(20), &[0; FRAME], &mut *send);
        });
        let start = sent[0].0.sequence;
        let order: Vec<u16> = sent.iter().map(|(h, _)| h.sequence.wrapping_sub(start)).collect();
        assert_eq!(order, [0, 1, 3, 2, 4, 5]);
        assert!(sent
            .iter()
            .all(|(h, _)| h.ssrc == sent[0].0.ssrc && h.payload_type == 8));
        let last = sent[5].0.timestamp;
        assert!(sent[..5]
            .iter()
            .all(|(h, _)| (last.wrapping_sub(h.timestamp) as i32) > 0));
    }

    #[test]
    fn an_event_keeps_one_timestamp_and_marks_its_first_packet() {
        let sent = headers(|sender, send| {
            for n in 1..=3 {
                sender.event(101, 5, n * 160, n == 3, &mut *send);
                sender.advance();
            }
            sender.event_over();
            sender.event(101, 6, 160, false, &mut *send);
        });
        let marks: Vec<bool> = sent.iter().map(|(h, _)| h.marker).collect();
        assert_eq!(marks, [true, false, false, true]);
        assert_eq!(sent[0].0.timestamp, sent[2].0.timestamp);
        assert_ne!(sent[0].0.timestamp, sent[3].0.timestamp);
    }
}
