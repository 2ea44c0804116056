//! The jitter buffer: samples by RTP timestamp in, an even stream of frames out.
//!
//! Works in samples, so any packet length fits. The delay grows by a frame when a packet comes too late and shrinks in
//! silence after a calm time. A hole is covered by the fading repetition of what was heard, then by silence.

use crate::command::Codec;
use crate::g711;
use crate::{FRAME, RATE};

const RING: usize = 8192;
/// Pulls (20 ms each) without a late packet before the delay may shrink.
const CALM: u32 = 250;
const QUIET: i16 = 300;

/// One stream's buffer.
#[derive(Debug)]
pub struct JitterBuffer {
    samples: Box<[i16]>,
    filled: Box<[bool]>,
    ssrc: u32,
    next: Option<u32>,
    end: u32,
    delay: u32,
    least: u32,
    most: u32,
    calm: u32,
    late: u64,
    last: [i16; FRAME],
    holes: u32,
}

impl JitterBuffer {
    /// `least` and `most` are delays in milliseconds.
    pub fn new(least: u32, most: u32) -> Self {
        let samples = |ms: u32| (ms * (RATE / 1000)).min(RING as u32 / 2);
        let least = samples(least);
        Self {
            samples: vec![0; RING].into(),
            filled: vec![false; RING].into(),
            ssrc: 0,
            next: None,
            end: 0,
            delay: least,
            least,
            most: samples(most).max(least),
            calm: 0,
            late: 0,
            last: [0; FRAME],
            holes: u32::MAX,
        }
    }

    /// Packets that came too late so far.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Milliseconds between arrival and use, at present.
    pub fn delay(&self) -> u32 {
        self.delay / (RATE / 1000)
    }

    fn restart(&mut self, ssrc: u32, timestamp: u32) {
        self.filled.fill(false);
        self.ssrc = ssrc;
        self.next = Some(timestamp.wrapping_sub(self.delay));
        self.end = timestamp;
    }

    /// Takes a packet's payload; more than half a second of it is cut.
    pub fn push(&mut self, ssrc: u32, timestamp: u32, codec: Codec, payload: &[u8]) {
        let payload = &payload[..payload.len().min(RING / 2)];
        let span = RING as i32 - RING as i32 / 2;
        let next = match self.next {
            Some(next) if ssrc == self.ssrc && (timestamp.wrapping_sub(next) as i32).abs() < span => next,
            _ => {
                self.restart(ssrc, timestamp);
                timestamp.wrapping_sub(self.delay)
            }
        };
        if (timestamp.wrapping_sub(next) as i32) < 0 {
            self.late += 1;
            self.calm = 0;
            self.delay = (self.delay + FRAME as u32).min(self.most);
            if (self.end.wrapping_sub(next) as i32) > 0 {
                // Others are in time: this one is lost, those behind it gain a frame.
                let grown = next.wrapping_sub(FRAME as u32);
                if (self.end.wrapping_sub(grown) as i32) < self.most as i32 {
                    self.next = Some(grown);
                }
                return;
            }
            self.restart(ssrc, timestamp);
        }
        let start = timestamp as usize % RING;
        let mut decoded = [0; RING / 2];
        g711::decode(codec, payload, &mut decoded[..payload.len()]);
        for (offset, sample) in decoded[..payload.len()].iter().enumerate() {
            let at = (start + offset) % RING;
            self.samples[at] = *sample;
            self.filled[at] = true;
        }
        let end = timestamp.wrapping_add(payload.len() as u32);
        if (end.wrapping_sub(self.end) as i32) > 0 {
            self.end = end;
        }
    }

    /// The next 20 ms.
    pub fn pull(&mut self, frame: &mut [i16; FRAME]) {
        let Some(mut next) = self.next else {
            frame.fill(0);
            return;
        };
        self.calm = self.calm.saturating_add(1);
        let depth = self.end.wrapping_sub(next) as i32;
        if depth > (self.delay + 2 * FRAME as u32) as i32 && self.silent(next) {
            next = self.skip(next);
        } else if self.calm >= CALM && self.delay > self.least && depth > self.delay as i32 && self.silent(next) {
            self.calm = 0;
            self.delay -= (FRAME as u32).min(self.delay - self.least);
            next = self.skip(next);
        }
        let mut present = 0;
        for (offset, sample) in frame.iter_mut().enumerate() {
            let at = next.wrapping_add(offset as u32) as usize % RING;
            if std::mem::take(&mut self.filled[at]) {
                *sample = self.samples[at];
                present += 1;
            } else {
                *sample = 0;
            }
        }
        self.next = Some(next.wrapping_add(FRAME as u32));
        if present > 0 {
            self.holes = 0;
            self.last = *frame;
        } else {
            self.holes = self.holes.saturating_add(1);
            if self.holes <= 2 {
                let shift = self.holes;
                frame.iter_mut().zip(&self.last).for_each(|(s, l)| *s = *l >> shift);
            }
        }
    }

    fn at(&self, timestamp: u32, offset: usize) -> usize {
        timestamp.wrapping_add(offset as u32) as usize % RING
    }

    fn silent(&self, next: u32) -> bool {
        (0..FRAME).all(|n| {
            let at = self.at(next, n);
            !self.filled[at] || self.samples[at].abs() < QUIET
        })
    }

    fn skip(&mut self, next: u32) -> u32 {
        for n in 0..FRAME {
            let at = self.at(next, n);
            self.filled[at] = false;
        }
        next.wrapping_add(FRAME as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let mut buffer = JitterBuffer::new(40, 200);
        for n in [1u32, 0, 3, 2] {
            buffer.push(1, 1000 + n * 160, Codec::Pcmu, &tone(160));
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
            let mut buffer = JitterBuffer::new(40, 200);
            let mut frame = [0; FRAME];
            let (mut pushed, mut heard) = (0, 0);
            for tick in 0..100 {
                while pushed * length < (tick + 1) * FRAME {
                    buffer.push(1, (pushed * length) as u32, Codec::Pcmu, &tone(length));
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
        let mut buffer = JitterBuffer::new(40, 200);
        let mut frame = [0; FRAME];
        let mut heard = 0;
        for tick in 0..2000u64 {
            line.send(tick * 20_000, (tick as u32).to_be_bytes().to_vec());
            for packet in line.arrived(tick * 20_000) {
                let n = u32::from_be_bytes(packet.try_into().expect("four bytes"));
                buffer.push(1, n * 160, Codec::Pcmu, &tone(160));
            }
            buffer.pull(&mut frame);
            heard += usize::from(tick >= 1000 && loud(&frame));
        }
        assert!(buffer.delay() > 40, "{}", buffer.delay());
        assert!(heard > 950, "{heard}");
    }

    #[test]
    fn a_hole_fades_to_silence() {
        let mut buffer = JitterBuffer::new(0, 200);
        buffer.push(1, 0, Codec::Pcmu, &tone(160));
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
        let mut buffer = JitterBuffer::new(0, 200);
        let mut frame = [0; FRAME];
        for (ssrc, timestamp) in [(1, 0), (2, 777_777), (2, 5)] {
            buffer.push(ssrc, timestamp, Codec::Pcmu, &tone(160));
            buffer.pull(&mut frame);
            assert!(loud(&frame), "{ssrc} {timestamp}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(steps in proptest::collection::vec((any::<u32>(), 0usize..9000, 0u32..3, any::<bool>()), 0..40)) {
            let mut buffer = JitterBuffer::new(40, 200);
            let mut frame = [0; FRAME];
            for (timestamp, length, ssrc, near) in steps {
                let timestamp = if near { timestamp % 20_000 } else { timestamp };
                buffer.push(ssrc, timestamp, Codec::Pcma, &vec![1; length]);
                buffer.pull(&mut frame);
            }
        }
    }
}
