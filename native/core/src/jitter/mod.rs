//! The jitter buffer: packets in as they come, a frame out per tick, with as little delay as the line allows.
//!
//! Positions are samples, so any packet length fits, and changes of it. The delay follows the spread of the arrivals: up at
//! once, down slowly, in silence by as much as is wanted and in speech by one pitch period at a time; clocks that drift are
//! followed by the same. A packet that is missing when it is due is repaired from the one behind it, or concealed, by the codec or as
//! `conceal` says; one that comes after it was due is still used if nothing behind it was, and the delay has grown by that.

pub mod arrivals;
pub mod conceal;
pub mod pace;
pub mod pitch;
pub mod queue;

use crate::codec::{Codec, Decoder};
use crate::comfort::Noise;
use crate::rtp::Header;
use crate::Micros;
use arrivals::Arrivals;
use conceal::Concealment;
use pace::Pace;
use queue::{Content, Queue, Waiting};

/// A packet further away than this belongs to another time, µs.
const FAR: i64 = 1_000_000;
/// Beyond the spread of the arrivals: a tick, as packets do not lie as ticks do, and what a period is made of, µs.
const MARGIN: i64 = 25_000;
/// So much more than wanted, or less, is left as it is, µs.
const SPARE: i64 = 20_000;
const SCARCE: i64 = 5_000;
/// Ticks between two changes of pace, where the delay is much too long or too short, and where it is a little.
const HURRY: u32 = 2;
const CALM: u32 = 10;
/// More than this too much is much, µs.
const MUCH: i64 = 60_000;
/// Ticks for which all that comes is too late, after which the far end's clock is believed to have stood still.
const STALE: u32 = 5;
/// Microseconds that a codec conceals at most; a longer gap is silence that was not sent, or another time.
const CONCEALED: i64 = 120_000;
/// Payloads up to this many bytes of Opus are silence that was not sent, whose sound the decoder knows.
const OPUS_SILENCE: usize = 2;

/// What is known of the stream that comes.
#[derive(Debug)]
struct Stream {
    ssrc: u32,
    // The next sample that will be decoded, or made up for.
    next: u32,
    // Where what was decoded last ends, and its sequence number.
    heard: Option<(u32, u16)>,
    // Samples that were made up for since then.
    hole: u32,
    // Ticks since something came that was too late for any use, while nothing else did.
    stale: Option<u32>,
}

/// One stream's buffer.
#[derive(Debug)]
pub struct JitterBuffer {
    codec: Codec,
    decoder: Decoder,
    queue: Queue,
    arrivals: Arrivals,
    concealment: Concealment,
    noise: Option<Noise>,
    resting: bool,
    stream: Option<Stream>,
    ready: Vec<i16>,
    scratch: Vec<i16>,
    least: i64,
    most: i64,
    excess: i64,
    delay: i64,
    since: u32,
    late: u64,
    dropped: u64,
    concealed: u64,
}

impl JitterBuffer {
    /// `least` and `most` are delays in milliseconds.
    pub fn new(codec: Codec, least: u32, most: u32) -> Self {
        Self {
            codec,
            decoder: Decoder::new(codec),
            queue: Queue::default(),
            arrivals: Arrivals::new(codec.rate()),
            concealment: Concealment::new(codec.rate()),
            noise: None,
            resting: false,
            stream: None,
            ready: Vec::new(),
            scratch: Vec::new(),
            least: i64::from(least) * 1000,
            most: i64::from(most.max(least)) * 1000,
            excess: 0,
            delay: i64::from(least) * 1000,
            since: 0,
            late: 0,
            dropped: 0,
            concealed: 0,
        }
    }

    /// What it decodes.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Packets that came after they were due so far, whether they were still of use or not.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Those of them that were of no use any more.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Milliseconds of audio that was made up for so far.
    pub fn concealed(&self) -> u64 {
        self.concealed * 1000 / u64::from(self.codec.rate())
    }

    /// Milliseconds between arrival and use of the fastest packets, at present.
    pub fn delay(&self) -> u32 {
        (self.delay.max(0) / 1000) as u32
    }

    // What the delay should be, µs.
    fn target(&self) -> i64 {
        (self.arrivals.spread() + MARGIN).clamp(self.least, self.most)
    }

    fn samples(&self, micros: i64) -> i64 {
        micros * i64::from(self.codec.rate()) / 1_000_000
    }

    fn micros(&self, samples: i64) -> i64 {
        samples * 1_000_000 / i64::from(self.codec.rate())
    }

    fn restart(&mut self, ssrc: u32, position: u32) {
        let delay = self.samples(self.target()); // what the line has shown so far holds for another stream too
        self.queue.clear();
        self.arrivals.restart();
        if self.decoder.remembers() {
            self.decoder = Decoder::new(self.codec);
        }
        self.stream = Some(Stream {
            ssrc,
            next: position.wrapping_sub(delay as u32),
            heard: None,
            hole: 0,
            stale: None,
        });
    }

    /// Takes a packet in a codec of this buffer's rate that has no memory, or in its own.
    pub fn push(&mut self, header: &Header, content: Content, payload: &[u8], now: Micros) {
        // One tick of G.722's clock is two samples; both counts wrap at the same time.
        let position = header.timestamp.wrapping_mul(self.codec.rate() / self.codec.clock());
        let far = self.samples(FAR) as i32;
        let near = |stream: &&mut Stream| {
            stream.ssrc == header.ssrc && (position.wrapping_sub(stream.next) as i32).abs() < far
        };
        if self.stream.as_mut().filter(near).is_none() {
            self.restart(header.ssrc, position);
        }
        if content != Content::Noise {
            self.arrivals.note(position, now);
        }
        if !self.in_time(header, position) || !self.queue.put(position, header.sequence, content, payload) {
            self.dropped += 1;
        }
    }

    // Whether a packet can still be used, for which time may go back a little.
    fn in_time(&mut self, header: &Header, position: u32) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let behind = stream.next.wrapping_sub(position) as i32;
        if behind <= 0 {
            return true;
        }
        self.late += 1;
        let newest = stream
            .heard
            .is_none_or(|(end, _)| position.wrapping_sub(end) as i32 >= 0);
        if !self.queue.is_empty() {
            return false;
        }
        let lateness = i64::from(behind) * 1_000_000 / i64::from(self.codec.rate());
        if newest && self.delay + lateness <= self.most + MARGIN {
            // What was made up for stays; the audio follows it.
            (stream.next, stream.stale) = (position, None);
            return true;
        }
        let stale = *stream.stale.get_or_insert(0) >= STALE;
        if stale {
            self.restart(header.ssrc, position);
        }
        stale
    }

    /// The next 20 ms, a frame of the codec.
    pub fn pull(&mut self, frame: &mut [i16], now: Micros) {
        self.since = self.since.saturating_add(1);
        if let Some(stream) = &mut self.stream {
            stream.stale = stream.stale.map(|ticks| ticks + 1);
            let played = stream.next.wrapping_sub(self.ready.len() as u32);
            if let Some(delay) = self.arrivals.delay(played, now) {
                self.delay = delay;
                self.excess = delay - self.target();
            }
        }
        while self.ready.len() < frame.len() {
            self.produce(frame.len() - self.ready.len());
        }
        frame.copy_from_slice(&self.ready[..frame.len()]);
        self.ready.drain(..frame.len());
    }

    // Appends to what is ready: the packet that is due, or `wanted` samples at most that stand for it.
    fn produce(&mut self, wanted: usize) {
        let Some(stream) = &self.stream else {
            self.ready.resize(self.ready.len() + wanted, 0);
            return;
        };
        let gap = self.queue.front().map(|w| w.position.wrapping_sub(stream.next) as i32);
        match gap {
            None => self.make_up(wanted, None),
            Some(gap) if gap > 0 => self.make_up(wanted, Some(gap as usize)),
            Some(_) => {
                if let Some(packet) = self.queue.pop() {
                    self.decode(&packet);
                    self.queue.recycle(packet);
                }
            }
        }
    }

    fn decode(&mut self, packet: &Waiting) {
        let Some(stream) = &mut self.stream else { return };
        let codec = match packet.content {
            Content::Audio(codec) => codec,
            Content::Noise => {
                self.noise = Noise::parse(&packet.payload);
                (stream.heard, stream.hole) = (Some((packet.position, packet.sequence)), 0);
                return;
            }
        };
        if codec != self.codec {
            (self.codec, self.decoder) = (codec, Decoder::new(codec));
        }
        let mut audio = std::mem::take(&mut self.scratch);
        audio.clear();
        self.decoder.decode(&packet.payload, &mut audio);
        let end = packet.position.wrapping_add(audio.len() as u32);
        // A hole in time without one in the numbers is silence that was not sent; any other was filled for want of a packet.
        let sent = |(end, sequence): (u32, u16)| packet.position == end || packet.sequence != sequence.wrapping_add(1);
        let hole = std::mem::take(&mut stream.hole);
        if stream.heard.is_some_and(sent) {
            self.concealed += u64::from(hole);
        }
        let past = (stream.next.wrapping_sub(packet.position) as usize).min(audio.len());
        stream.heard = Some((end, packet.sequence));
        stream.stale = None;
        if audio.len() > past {
            stream.next = end;
            audio.drain(..past);
            self.resting = matches!(codec, Codec::Opus) && packet.payload.len() <= OPUS_SILENCE;
            self.noise = None;
            self.concealment.heard(&mut audio);
            self.keep_pace(&mut audio);
            self.ready.extend_from_slice(&audio);
        }
        self.scratch = audio;
    }

    fn keep_pace(&mut self, audio: &mut Vec<i16>) {
        let pace = if self.excess > SPARE {
            Pace::Shorter
        } else if self.excess < -SCARCE {
            Pace::Longer
        } else {
            return;
        };
        let beyond = self.delay > self.most + MARGIN;
        let hurries = beyond || self.excess > MUCH || pace == Pace::Longer;
        if self.since < if hurries { HURRY } else { CALM } {
            return;
        }
        let by = pace::change(audio, self.codec.rate(), pace, beyond);
        if by > 0 {
            self.since = 0;
            let by = self.micros(by as i64);
            self.excess += if pace == Pace::Longer { by } else { -by };
        }
    }

    // Up to `wanted` samples where none are, no more than `gap` if something follows it.
    fn make_up(&mut self, wanted: usize, gap: Option<usize>) {
        let length = wanted.min(gap.unwrap_or(wanted));
        let silent = self.concealment.gone() || self.noise.is_some() || self.resting;
        let start = self.ready.len();
        let lost = self.micros(self.stream.as_ref().map_or(0, |stream| i64::from(stream.hole)));
        let heard = self.stream.as_ref().is_some_and(|stream| stream.heard.is_some());
        let codec_knows = self.decoder.remembers() && heard && (lost < CONCEALED || self.resting);
        if let Some(noise) = &mut self.noise {
            self.ready.resize(start + length, 0);
            noise.fill(&mut self.ready[start..]);
            self.concealment.keep(&self.ready[start..]);
        } else if codec_knows {
            self.repair(length, gap);
        }
        let made = self.ready.len() - start;
        if made < length {
            self.ready.resize(start + length, 0);
            if heard {
                self.concealment.lost(&mut self.ready[start + made..]);
            }
        }
        self.pass(self.ready.len() - start, gap, silent);
    }

    // The codec stands for what it lost, with the help of the packet behind the gap where that is near.
    fn repair(&mut self, length: usize, gap: Option<usize>) {
        let start = self.ready.len();
        let next = self.queue.front().filter(|w| w.content != Content::Noise);
        let near = gap.filter(|gap| *gap <= self.codec.frame());
        match near.zip(next) {
            Some((gap, next)) => self.decoder.conceal(Some(&next.payload), gap, &mut self.ready),
            None => self.decoder.conceal(None, length, &mut self.ready),
        }
        self.concealment.keep(&self.ready[start..]);
    }

    // Time goes on by what was made up for; in silence by more or less, as the delay should be.
    fn pass(&mut self, made: usize, gap: Option<usize>, silent: bool) {
        let mut by = made as i64;
        if silent && !(-SCARCE..=SPARE).contains(&self.excess) {
            let wished = self.samples(self.excess);
            let correction = wished.clamp(-by, gap.map_or(by, |gap| (gap as i64 - by).max(0)));
            by += correction;
            self.excess -= self.micros(correction);
        }
        let Some(stream) = &mut self.stream else { return };
        stream.next = stream.next.wrapping_add(by as u32);
        if stream.heard.is_some() && !silent {
            stream.hole = stream.hole.saturating_add(made as u32);
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
