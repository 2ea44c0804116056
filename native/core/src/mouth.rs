//! What a far end hears, for those who tap it: what we made for it, else what passed to it from a bridge.
//!
//! Exists only while somebody taps; packets that pass are decoded only then. Keys that are sent are not in it.

use crate::codec::Codec;
use crate::ear::Ear;
use crate::rtp::Header;
use crate::Micros;

/// One session's mouth.
#[derive(Debug)]
pub struct Mouth {
    passed: Ear,
    passes: Option<Codec>,
    made: Vec<i16>,
}

impl Mouth {
    /// `least` and `most` are delays of the jitter buffer in milliseconds.
    pub fn new(least: u32, most: u32) -> Self {
        Self {
            passed: Ear::new(least, most),
            passes: None,
            made: Vec::new(),
        }
    }

    /// A frame of ours was sent in this tick.
    pub fn makes(&mut self, frame: &[i16]) {
        self.made.extend_from_slice(frame);
    }

    /// A packet passed through.
    pub fn passes(&mut self, header: &Header, codec: Codec, payload: &[u8], now: Micros) {
        self.passes = Some(codec);
        self.passed.push(header, codec, payload, now);
    }

    /// 20 ms have passed; hands out the frame of them and its rate. `codec` is what is spoken.
    pub fn tick(&mut self, codec: Codec, now: Micros, mut take: impl FnMut(&[i16], u32)) {
        self.passed.listen(self.passes.unwrap_or(codec), now);
        if self.made.is_empty() {
            take(self.passed.frame(), self.passed.rate());
        } else {
            take(&self.made, 50 * self.made.len() as u32);
            self.made.clear();
        }
    }
}
