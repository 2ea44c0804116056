//! The stream that we send: one SSRC and one row of sequence numbers, whatever it is made of (RFC 3550 section 5.1).
//!
//! Audio that we make runs on the tick's clock; packets that pass through keep their own order and spacing, moved by a
//! constant distance, until something else is sent in between.

use crate::codec::{g711, opus, Codec, Encoder};
use crate::comfort::{Background, Sent};
use crate::command::Connect;
use crate::dtmf;
use crate::rtp::{Header, HEADER};

/// The largest packet that we make or pass on.
pub const LARGEST: usize = 1500;

/// Seconds by which what passes through may run ahead of our clock; more is another time.
const AHEAD: u32 = 10;
/// Ticks of an event's clock that one counter counts: whole frames at 8 and at 48 kHz.
const SEGMENT: u32 = 61_440;

/// A packet ready to go.
pub type Packet<'a> = &'a [u8];

/// Loss that is prepared for, percent: never none, as the first loss comes before any report of it, nor more than helps.
const LOSS: std::ops::RangeInclusive<f64> = 3.0..=30.0;

// The loss that is expected from now on: quickly more, slowly less.
#[derive(Debug)]
struct Expectation {
    mean: f64,
    percent: u8,
}

impl Default for Expectation {
    fn default() -> Self {
        Self {
            mean: f64::from(opus::LOSS),
            percent: opus::LOSS,
        }
    }
}

impl Expectation {
    // Whether that changes it by enough to tell.
    fn hear(&mut self, share: f64) -> bool {
        let percent = 100.0 * share;
        let weight = if percent > self.mean { 0.5 } else { 0.2 };
        self.mean += weight * (percent - self.mean);
        let wanted = self.mean.clamp(*LOSS.start(), *LOSS.end()).round() as u8;
        let changes =
            wanted.abs_diff(self.percent) >= 2 || (wanted != self.percent && f64::from(wanted) == *LOSS.start());
        if changes {
            self.percent = wanted;
        }
        changes
    }
}

/// Makes the packets of one stream.
#[derive(Debug)]
pub struct Sender {
    ssrc: u32,
    sequence: u16,
    clock: u32,
    last: u32,
    marker: bool,
    codec: Codec,
    options: opus::Options,
    encoder: Encoder,
    loss: Expectation,
    background: Background,
    samples: Vec<i16>,
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
            codec: Codec::Pcmu,
            options: opus::Options::default(),
            encoder: Encoder::new(Codec::Pcmu, opus::Options::default()),
            loss: Expectation::default(),
            background: Background::default(),
            samples: Vec::new(),
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

    /// What is sent from now on. The same codec goes on where it was.
    pub fn configure(&mut self, to: &Connect) {
        if self.codec != to.codec || self.options != to.opus {
            self.codec = to.codec;
            self.options = to.opus;
            self.encoder = Encoder::new(to.codec, to.opus);
            self.encoder.expect_loss(self.loss.percent);
            self.samples.clear();
        }
    }

    /// The far end says which share of our packets it has missed of late, 0..1.
    pub fn hear_loss(&mut self, share: f64) {
        if self.loss.hear(share) {
            self.encoder.expect_loss(self.loss.percent);
        }
    }

    /// Goes on with an encoder that has made the packets so far, if it is one of our codec.
    pub fn take_over(&mut self, codec: Codec, encoder: Encoder) {
        if codec == self.codec {
            self.encoder = encoder;
        }
    }

    /// A tick has passed, whether or not anything was sent.
    pub fn advance(&mut self) {
        self.clock = self.clock.wrapping_add(self.codec.clock() / 50);
    }

    fn own(&mut self) {
        self.passage = None;
        // What passed through may have run ahead of our clock.
        let ahead = self.last.wrapping_sub(self.clock);
        if ahead < AHEAD * self.codec.clock() {
            self.clock = self.last.wrapping_add(1);
        }
    }

    fn packet(&mut self, header: Header, payload: usize) -> Packet<'_> {
        self.buffer[..HEADER].copy_from_slice(&header.to_bytes());
        self.sequence = header.sequence.wrapping_add(1);
        self.last = header.timestamp;
        &self.buffer[..HEADER + payload]
    }

    /// One tick of audio at the codec's rate; hands out the packets that are full.
    pub fn audio(&mut self, to: &Connect, frame: &[i16], mut send: impl FnMut(Packet)) {
        if let Some(number) = to.comfort_noise {
            match self.background.judge(frame) {
                Sent::Audio => {}
                Sent::Noise(level) => return self.noise(to, number, level, send),
                Sent::Nothing => return,
            }
        }
        if self.samples.is_empty() {
            self.own();
        }
        let ms = self.codec.packet_ms(to.ptime);
        let size = (self.codec.rate() * ms / 1000) as usize;
        if self.samples.is_empty() && size == frame.len() {
            self.send_samples(to, frame, self.clock, &mut send);
            return;
        }
        let mut samples = std::mem::take(&mut self.samples);
        let mut timestamp = self.clock.wrapping_sub(self.codec.ticks(samples.len()));
        samples.extend_from_slice(frame);
        let mut start = 0;
        while samples.len() - start >= size {
            self.send_samples(to, &samples[start..start + size], timestamp, &mut send);
            start += size;
            timestamp = timestamp.wrapping_add(self.codec.ticks(size));
        }
        samples.drain(..start);
        self.samples = samples;
    }

    /// Whether no samples wait for the rest of their packet.
    pub fn is_whole(&self) -> bool {
        self.samples.is_empty()
    }

    /// One tick of audio that is a payload already; an empty one is silence that need not be sent.
    pub fn encoded(&mut self, to: &Connect, payload: &[u8], send: impl FnOnce(Packet)) {
        self.own();
        let Some(room) = self
            .buffer
            .get_mut(HEADER..HEADER + payload.len())
            .filter(|room| !room.is_empty())
        else {
            self.marker = true;
            return;
        };
        room.copy_from_slice(payload);
        let header = self.audio_header(to, self.clock);
        send(self.packet(header, payload.len()));
    }

    fn audio_header(&mut self, to: &Connect, timestamp: u32) -> Header {
        Header {
            marker: std::mem::take(&mut self.marker),
            payload_type: to.payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        }
    }

    // Silence instead of audio: what waits goes out first.
    fn noise(&mut self, to: &Connect, payload_type: u8, level: u8, mut send: impl FnMut(Packet)) {
        self.pause(to, &mut send);
        self.own();
        self.buffer[HEADER] = level;
        let header = Header {
            marker: false,
            payload_type,
            sequence: self.sequence,
            timestamp: self.clock,
            ssrc: self.ssrc,
        };
        send(self.packet(header, 1));
    }

    /// Nothing follows for now: what waits for a full packet goes out, filled up with silence.
    pub fn pause(&mut self, to: &Connect, mut send: impl FnMut(Packet)) {
        if !self.samples.is_empty() {
            let mut samples = std::mem::take(&mut self.samples);
            let timestamp = self.clock.wrapping_sub(self.codec.ticks(samples.len()));
            samples.resize((self.codec.rate() * self.codec.packet_ms(to.ptime) / 1000) as usize, 0);
            self.send_samples(to, &samples, timestamp, &mut send);
            samples.clear();
            self.samples = samples;
        }
        self.marker = true;
    }

    fn send_samples(&mut self, to: &Connect, samples: &[i16], timestamp: u32, send: &mut impl FnMut(Packet)) {
        let size = self.encoder.encode(samples, &mut self.buffer[HEADER..]);
        if size == 0 {
            // Silence that need not be sent; what follows it is a new talkspurt.
            self.marker = true;
            return;
        }
        let header = self.audio_header(to, timestamp);
        send(self.packet(header, size));
    }

    /// One packet of a telephone event (RFC 4733): `duration` so far, in ticks of its clock. What is too long for an event's
    /// counter goes on under a new timestamp (section 2.5.1.3).
    pub fn event(&mut self, payload_type: u8, event: u8, duration: u32, end: bool, mut send: impl FnMut(Packet)) {
        let marker = self.event.is_none();
        if marker {
            self.own();
            self.samples.clear();
        }
        let start = *self.event.get_or_insert(self.clock);
        let before = duration.saturating_sub(1) / SEGMENT * SEGMENT;
        let payload = dtmf::Payload {
            event,
            end,
            duration: (duration - before) as u16,
        };
        self.buffer[HEADER..HEADER + 4].copy_from_slice(&payload.to_bytes());
        let header = Header {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp: start.wrapping_add(before),
            ssrc: self.ssrc,
        };
        send(self.packet(header, 4));
    }

    /// The event is over; the next one has a timestamp of its own.
    pub fn event_over(&mut self) {
        self.event = None;
        self.marker = true;
    }

    /// A packet of another leg passes through under our names and this number. `laws` are what its payload holds and what it shall
    /// hold, `None` where it is no audio.
    pub fn pass(
        &mut self,
        payload_type: u8,
        from: Header,
        payload: &[u8],
        laws: Option<(Codec, Codec)>,
        mut send: impl FnMut(Packet),
    ) {
        if payload.len() > LARGEST - HEADER {
            return;
        }
        let known = self.passage.filter(|p| {
            let distance = from.sequence.wrapping_add(p.sequence).wrapping_sub(self.sequence) as i16;
            p.ssrc == from.ssrc && distance.abs() < 1000
        });
        let passage = known.unwrap_or_else(|| {
            self.own();
            self.samples.clear();
            Passage {
                ssrc: from.ssrc,
                sequence: self.sequence.wrapping_sub(from.sequence),
                timestamp: self.clock.wrapping_sub(from.timestamp),
            }
        });
        self.passage = Some(passage);
        let out = &mut self.buffer[HEADER..HEADER + payload.len()];
        out.copy_from_slice(payload);
        if let Some((from, to)) = laws {
            g711::transcode(from, to, out);
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
    use crate::FRAME;

    fn connect(ptime: u32) -> Connect {
        Connect {
            remote: ([127, 0, 0, 1], 9).into(),
            codec: Codec::Pcma,
            payload_type: 8,
            accepts: vec![(8, Codec::Pcma)],
            dtmf: Some(101),
            dtmf_accepts: Some(101),
            inband_dtmf: false,
            dtmf_signalled: false,
            dtmf_clock: 8000,
            opus: opus::Options::default(),
            ptime,
            direction: Direction::SendRecv,
            unconfirmed_limit: 500,
            security: None,
            rtcp_mux: false,
            comfort_noise: None,
            peer: None,
        }
    }

    fn headers(run: impl FnOnce(&mut Sender, &mut dyn FnMut(Packet))) -> Vec<(Header, usize)> {
        let mut sender = Sender::new(0x1234_5678_9ABC_DEF0);
        sender.configure(&connect(20));
        let mut sent = Vec::new();
        run(&mut sender, &mut |packet| {
            let (header, payload) = parse(packet).expect("our own packet");
            sent.push((header, payload.len()));
        });
        sent
    }

    #[test]
    fn the_loss_that_is_prepared_for_follows_reports_within_bounds() {
        let mut loss = Expectation::default();
        (0..30).for_each(|_| _ = loss.hear(0.0));
        assert_eq!(loss.percent, 3);
        (0..6).for_each(|_| _ = loss.hear(0.2));
        assert!((17..=20).contains(&loss.percent), "{}", loss.percent);
        (0..6).for_each(|_| _ = loss.hear(0.9));
        assert_eq!(loss.percent, 30);
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
                    8,
                    from(n, u32::from(n) * 160),
                    &[0; 160],
                    Some((Codec::Pcmu, Codec::Pcma)),
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
    fn silence_becomes_a_packet_a_second_where_the_far_end_knows_comfort_noise() {
        let to = Connect {
            comfort_noise: Some(13),
            ..connect(40)
        };
        let sent = headers(|sender, send| {
            sender.configure(&to);
            for n in 0..200 {
                let level = if (50..150).contains(&n) { 0 } else { 8000 };
                sender.audio(&to, &[level; FRAME], &mut *send);
                sender.advance();
            }
        });
        let noise: Vec<usize> = (0..sent.len()).filter(|n| sent[*n].0.payload_type == 13).collect();
        assert_eq!(noise.len(), 2);
        // A hundred quiet frames less those in which a voice may rest.
        assert_eq!(sent.len(), 110 / 2 + 2);
        let back = noise[1] + 1;
        assert!(sent[back].0.marker && sent[back].0.payload_type == 8);
        let start = sent[0].0.timestamp;
        assert_eq!(sent[back].0.timestamp.wrapping_sub(start), 150 * 160);
        assert!(sent
            .windows(2)
            .all(|w| w[1].0.sequence == w[0].0.sequence.wrapping_add(1)));
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

    #[test]
    fn timestamps_of_every_codec_follow_its_clock() {
        for (name, codec) in Codec::NAMED {
            for ptime in [10, 20, 30, 60] {
                let to = Connect {
                    codec,
                    ..connect(ptime)
                };
                let sent = headers(|sender, send| {
                    sender.configure(&to);
                    for _ in 0..30 {
                        sender.audio(&to, &vec![0; codec.frame()], &mut *send);
                        sender.advance();
                    }
                });
                let ms = codec.packet_ms(ptime);
                assert_eq!(sent.len() as u32, 600 / ms, "{name} {ptime}");
                for pair in sent.windows(2) {
                    let step = pair[1].0.timestamp.wrapping_sub(pair[0].0.timestamp);
                    assert_eq!(step, codec.clock() * ms / 1000, "{name} {ptime}");
                }
            }
        }
    }

    #[test]
    fn an_event_that_outlasts_its_counter_goes_on_under_a_new_timestamp() {
        let sent = headers(|sender, send| {
            for n in 1..=80 {
                sender.event(101, 5, n * 960, n == 80, &mut *send);
            }
        });
        let start = sent[0].0.timestamp;
        let steps: Vec<u32> = sent.iter().map(|(h, _)| h.timestamp.wrapping_sub(start)).collect();
        assert_eq!((steps[63], steps[64], steps[79]), (0, SEGMENT, SEGMENT));
    }
}
