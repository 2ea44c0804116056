//! The jitter buffer: packets by RTP timestamp in, an even stream of frames out, at the codec's rate.
//!
//! Works in samples, so any packet length fits. The delay grows by a frame when a packet comes too late and shrinks in
//! silence after a calm time. A packet that is missed when the one behind it arrives is concealed by the codec, if that can; any
//! other hole is covered by the fading repetition of what was heard, then by silence.

use crate::codec::{Codec, Decoder};
use crate::RATE;

/// Samples that fit at 8 kHz, about a second; a power of two, as are those of higher rates.
const RING: usize = 8192;
/// Pulls (20 ms each) without a late packet before the delay may shrink.
const CALM: u32 = 250;
const QUIET: i16 = 300;
/// Frames that a codec conceals at most; a longer gap is silence that was not sent, or another time.
const CONCEALED: usize = 6;

/// One stream's buffer.
#[derive(Debug)]
pub struct JitterBuffer {
    codec: Codec,
    decoder: Decoder,
    scratch: Vec<i16>,
    samples: Box<[i16]>,
    filled: Box<[bool]>,
    frame: usize,
    ssrc: u32,
    next: Option<u32>,
    end: u32,
    delay: u32,
    least: u32,
    most: u32,
    calm: u32,
    late: u64,
    last: Vec<i16>,
    holes: u32,
}

impl JitterBuffer {
    /// `least` and `most` are delays in milliseconds.
    pub fn new(codec: Codec, least: u32, most: u32) -> Self {
        let ring = RING * (codec.rate() as usize).div_ceil(RATE as usize).next_power_of_two();
        let samples = |ms: u32| (ms * (codec.rate() / 1000)).min(ring as u32 / 2);
        let least = samples(least);
        Self {
            codec,
            decoder: Decoder::new(codec),
            scratch: Vec::new(),
            samples: vec![0; ring].into(),
            filled: vec![false; ring].into(),
            frame: codec.frame(),
            ssrc: 0,
            next: None,
            end: 0,
            delay: least,
            least,
            most: samples(most).max(least),
            calm: 0,
            late: 0,
            last: vec![0; codec.frame()],
            holes: u32::MAX,
        }
    }

    /// What it decodes.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Another codec of the same rate, without memory, may follow in the middle of a stream.
    pub fn switch(&mut self, codec: Codec) -> bool {
        let switches = codec.passes_as(self.codec);
        if switches && codec != self.codec {
            self.codec = codec;
            self.decoder = Decoder::new(codec);
        }
        switches
    }

    /// Packets that came too late so far.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Milliseconds between arrival and use, at present.
    pub fn delay(&self) -> u32 {
        self.delay / (self.codec.rate() / 1000)
    }

    fn restart(&mut self, ssrc: u32, position: u32) {
        self.filled.fill(false);
        self.ssrc = ssrc;
        self.next = Some(position.wrapping_sub(self.delay));
        self.end = position;
        if self.decoder.remembers() {
            self.decoder = Decoder::new(self.codec);
        }
    }

    /// Takes a packet's payload; more than half of what fits is cut.
    pub fn push(&mut self, ssrc: u32, timestamp: u32, payload: &[u8]) {
        // One tick of G.722's clock is two samples; both counts wrap at the same time.
        let position = timestamp.wrapping_mul(self.codec.rate() / self.codec.clock());
        let span = self.samples.len() as i32 / 2;
        let next = match self.next {
            Some(next) if ssrc == self.ssrc && (position.wrapping_sub(next) as i32).abs() < span => next,
            _ => {
                self.restart(ssrc, position);
                position.wrapping_sub(self.delay)
            }
        };
        if (position.wrapping_sub(next) as i32) < 0 {
            self.late += 1;
            self.calm = 0;
            self.delay = (self.delay + self.frame as u32).min(self.most);
            if (self.end.wrapping_sub(next) as i32) > 0 {
                // Others are in time: this one is lost, those behind it gain a frame.
                let grown = next.wrapping_sub(self.frame as u32);
                if (self.end.wrapping_sub(grown) as i32) < self.most as i32 {
                    self.next = Some(grown);
                }
                return;
            }
            self.restart(ssrc, position);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let gap = position.wrapping_sub(self.end) as i32;
        if self.decoder.remembers() && gap < 0 {
            // Behind one that was heard: it has been concealed, and decoding it now would harm what follows.
            self.scratch = scratch;
            return;
        }
        if self.decoder.remembers() && gap > 0 && gap as usize <= CONCEALED * self.frame && self.holes != u32::MAX {
            let repaired = (gap as usize).min(self.frame);
            self.decoder.conceal(None, gap as usize - repaired, &mut scratch);
            self.decoder.conceal(Some(payload), repaired, &mut scratch);
            self.place(position.wrapping_sub(scratch.len() as u32), &scratch);
            scratch.clear();
        }
        self.decoder.decode(payload, &mut scratch);
        scratch.truncate(self.samples.len() / 2);
        self.place(position, &scratch);
        self.scratch = scratch;
    }

    // What would have been due already is left out.
    fn place(&mut self, position: u32, samples: &[i16]) {
        let next = self.next.unwrap_or(position);
        let start = position as usize;
        let ring = self.samples.len();
        let past = (next.wrapping_sub(position) as i32).max(0) as usize;
        for (offset, sample) in samples.iter().enumerate().skip(past) {
            let at = (start + offset) % ring;
            self.samples[at] = *sample;
            self.filled[at] = true;
        }
        let end = position.wrapping_add(samples.len() as u32);
        if (end.wrapping_sub(self.end) as i32) > 0 {
            self.end = end;
        }
    }

    /// The next 20 ms, a frame of the codec.
    pub fn pull(&mut self, frame: &mut [i16]) {
        let Some(mut next) = self.next else {
            frame.fill(0);
            return;
        };
        let length = self.frame as u32;
        self.calm = self.calm.saturating_add(1);
        let depth = self.end.wrapping_sub(next) as i32;
        if depth > (self.delay + 2 * length) as i32 && self.silent(next) {
            next = self.skip(next);
        } else if self.calm >= CALM && self.delay > self.least && depth > self.delay as i32 && self.silent(next) {
            self.calm = 0;
            self.delay -= length.min(self.delay - self.least);
            next = self.skip(next);
        }
        let mut present = 0;
        let ring = self.samples.len();
        for (offset, sample) in frame.iter_mut().enumerate() {
            let at = next.wrapping_add(offset as u32) as usize % ring;
            if std::mem::take(&mut self.filled[at]) {
                *sample = self.samples[at];
                present += 1;
            } else {
                *sample = 0;
            }
        }
        self.next = Some(next.wrapping_add(length));
        if present > 0 {
            self.holes = 0;
            self.last.copy_from_slice(frame);
        } else {
            self.holes = self.holes.saturating_add(1);
            if self.holes <= 2 {
                let shift = self.holes;
                frame.iter_mut().zip(&self.last).for_each(|(s, l)| *s = *l >> shift);
            }
        }
    }

    fn at(&self, position: u32, offset: usize) -> usize {
        position.wrapping_add(offset as u32) as usize % self.samples.len()
    }

    fn silent(&self, next: u32) -> bool {
        (0..self.frame).all(|n| {
            let at = self.at(next, n);
            !self.filled[at] || self.samples[at].abs() < QUIET
        })
    }

    fn skip(&mut self, next: u32) -> u32 {
        for n in 0..self.frame {
            let at = self.at(next, n);
            self.filled[at] = false;
        }
        next.wrapping_add(self.frame as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{g711, opus, Encoder};
    use crate::FRAME;
    use offhook_netem::Line;
    use proptest::prelude::*;

    fn tone(length: usize) -> Vec<u8> {
        let samples: Vec<i16> = (0..length).map(|n| if n % 8 < 4 { 8000 } else { -8000 }).collect();
        let mut codes = vec![0; length];
        g711::encode(Codec::Pcmu, &samples, &mut codes);
        codes
    }

    fn loud(frame: &[i16]) -> bool {
        frame.iter().all(|s| s.abs() > 7000)
    }

    #[test]
    fn order_is_restored() {
        let mut buffer = JitterBuffer::new(Codec::Pcmu, 40, 200);
        for n in [1u32, 0, 3, 2] {
            buffer.push(1, 1000 + n * 160, &tone(160));
        }
        let mut frame = [0; FRAME];
        let heard = (0..6)
            .filter(|_| {
                buffer.pull(&mut frame);
                loud(&frame)
            })
            .count();
        assert!(heard >= 3, "{heard}");
    }

    #[test]
    fn packets_of_any_length_make_frames() {
        for length in [80usize, 240, 320, 480] {
            let mut buffer = JitterBuffer::new(Codec::Pcmu, 40, 200);
            let mut frame = [0; FRAME];
            let (mut pushed, mut heard) = (0, 0);
            for tick in 0..100 {
                while pushed * length < (tick + 1) * FRAME {
                    buffer.push(1, (pushed * length) as u32, &tone(length));
                    pushed += 1;
                }
                buffer.pull(&mut frame);
                heard += usize::from(loud(&frame));
            }
            assert!(heard >= 96, "{length}: {heard}");
        }
    }

    #[test]
    fn a_line_that_jitters_makes_the_delay_grow_until_little_is_late() {
        let mut line = Line::new(5).delay(30_000).jitter(160_000);
        let mut buffer = JitterBuffer::new(Codec::Pcmu, 40, 200);
        let mut frame = [0; FRAME];
        let mut heard = 0;
        for tick in 0..2000u64 {
            line.send(tick * 20_000, (tick as u32).to_be_bytes().to_vec());
            for packet in line.arrived(tick * 20_000) {
                let n = u32::from_be_bytes(packet.try_into().expect("four bytes"));
                buffer.push(1, n * 160, &tone(160));
            }
            buffer.pull(&mut frame);
            heard += usize::from(tick >= 1000 && loud(&frame));
        }
        assert!(buffer.delay() > 40, "{}", buffer.delay());
        assert!(heard > 950, "{heard}");
    }

    #[test]
    fn a_hole_fades_to_silence() {
        let mut buffer = JitterBuffer::new(Codec::Pcmu, 0, 200);
        buffer.push(1, 0, &tone(160));
        let mut frame = [0; FRAME];
        let mut levels = Vec::new();
        for _ in 0..4 {
            buffer.pull(&mut frame);
            levels.push(frame.iter().map(|s| s.abs()).max().unwrap_or(0));
        }
        assert!(
            levels[0] > levels[1] && levels[1] > levels[2] && levels[3] == 0,
            "{levels:?}"
        );
    }

    #[test]
    fn a_new_stream_or_a_jump_in_time_starts_afresh() {
        let mut buffer = JitterBuffer::new(Codec::Pcmu, 0, 200);
        let mut frame = [0; FRAME];
        for (ssrc, timestamp) in [(1, 0), (2, 777_777), (2, 5)] {
            buffer.push(ssrc, timestamp, &tone(160));
            buffer.pull(&mut frame);
            assert!(loud(&frame), "{ssrc} {timestamp}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(steps in proptest::collection::vec((any::<u32>(), 0usize..9000, 0u32..3, any::<bool>()), 0..40)) {
            let mut buffer = JitterBuffer::new(Codec::Pcmu, 40, 200);
            let mut frame = [0; FRAME];
            for (timestamp, length, ssrc, near) in steps {
                let timestamp = if near { timestamp % 20_000 } else { timestamp };
                buffer.push(ssrc, timestamp, &vec![1; length]);
                buffer.pull(&mut frame);
            }
        }
    }

    // A minute of a sine in packets of 20 ms, and how many of the frames that come out are as loud as it.
    fn heard(codec: Codec, lost: impl Fn(u32) -> bool) -> (usize, usize) {
        let mut encoder = Encoder::new(codec, opus::Options::default());
        let mut buffer = JitterBuffer::new(codec, 40, 200);
        let (mut frame, mut payload) = (vec![0; codec.frame()], [0; 2000]);
        let (mut whole, mut quiet) = (0, 0);
        for n in 0..500u32 {
            let at = |k: usize| (n as usize * codec.frame() + k) as f64 / f64::from(codec.rate());
            let samples: Vec<i16> = (0..codec.frame())
                .map(|k| (8000.0 * (at(k) * 440.0 * std::f64::consts::TAU).sin()) as i16)
                .collect();
            let length = encoder.encode(&samples, &mut payload);
            if !lost(n) {
                buffer.push(
                    1,
                    n.wrapping_sub(100).wrapping_mul(codec.clock() / 50),
                    &payload[..length],
                );
            }
            buffer.pull(&mut frame);
            let power = frame.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / frame.len() as f64;
            match power.sqrt() {
                4800.0..6500.0 => whole += 1,
                0.0..2000.0 => quiet += 1,
                _ => {}
            }
        }
        (whole, quiet)
    }

    #[test]
    fn every_codec_is_heard_whole_across_the_wrap_of_timestamps() {
        for (name, codec) in Codec::NAMED {
            let (whole, quiet) = heard(codec, |_| false);
            assert!(whole >= 490 && quiet <= 4, "{name}: {whole} {quiet}");
        }
    }

    #[test]
    fn opus_leaves_no_hole_where_single_packets_are_lost() {
        for (codec, expected) in [(Codec::Opus, 0), (Codec::L16(16_000), 9)] {
            let mut encoder = Encoder::new(codec, opus::Options::default());
            let mut buffer = JitterBuffer::new(codec, 40, 200);
            let (mut frame, mut payload) = (vec![0; codec.frame()], [0; 1400]);
            let mut holes = 0;
            for n in 0..100u32 {
                let length = encoder.encode(&vec![500; codec.frame()], &mut payload);
                if n % 10 != 9 {
                    buffer.push(1, n * codec.clock() / 50, &payload[..length]);
                }
                buffer.pull(&mut frame);
                holes += i32::from(n > 5 && buffer.holes > 0);
            }
            assert_eq!(holes, expected);
        }
    }

    #[test]
    fn opus_that_comes_out_of_order_keeps_its_time() {
        let mut encoder = Encoder::new(Codec::Opus, opus::Options::default());
        let mut buffer = JitterBuffer::new(Codec::Opus, 40, 200);
        let mut payload = [0; 1400];
        let packets: Vec<Vec<u8>> = (0..20)
            .map(|_| {
                let length = encoder.encode(&[1000; 960], &mut payload);
                payload[..length].to_vec()
            })
            .collect();
        for pair in (0..20u32).collect::<Vec<_>>().chunks(2) {
            for n in [pair[1], pair[0]] {
                buffer.push(1, n * 960, &packets[n as usize]);
            }
            let mut frame = [0; 960];
            buffer.pull(&mut frame);
            buffer.pull(&mut frame);
        }
        assert_eq!((buffer.late(), buffer.end), (0, 20 * 960));
    }
}
