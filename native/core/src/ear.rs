//! What a session hears: a jitter buffer at the rate of the codec that comes, and the same at 8 kHz for recordings.
//!
//! Exists only while somebody listens; otherwise packets pass by undecoded.

use crate::codec::Codec;
use crate::jitter::JitterBuffer;
use crate::resample::Conversion;
use crate::{FRAME, RATE};

/// One session's ear.
#[derive(Debug)]
pub struct Ear {
    least: u32,
    most: u32,
    jitter: Option<JitterBuffer>,
    late: u64,
    frame: Vec<i16>,
    narrow: [i16; FRAME],
    down: Option<Conversion>,
}

impl Ear {
    /// `least` and `most` are delays of the jitter buffer in milliseconds.
    pub fn new(least: u32, most: u32) -> Self {
        Self {
            least,
            most,
            jitter: None,
            late: 0,
            frame: Vec::new(),
            narrow: [0; FRAME],
            down: None,
        }
    }

    /// Packets that came too late so far.
    pub fn late(&self) -> u64 {
        self.late + self.jitter.as_ref().map_or(0, JitterBuffer::late)
    }

    /// A packet came. One in a codec of another rate is the beginning of another stream.
    pub fn push(&mut self, ssrc: u32, timestamp: u32, codec: Codec, payload: &[u8]) {
        if let Some(jitter) = &mut self.jitter {
            if !jitter.switch(codec) {
                self.late += jitter.late();
                *jitter = JitterBuffer::new(codec, self.least, self.most);
            }
            jitter.push(ssrc, timestamp, payload);
        }
    }

    /// Nobody listens.
    pub fn rest(&mut self) {
        if let Some(jitter) = self.jitter.take() {
            self.late += jitter.late();
            self.frame = Vec::new();
        }
    }

    /// 20 ms have passed; `codec` is what will come, where nothing has yet.
    pub fn listen(&mut self, codec: Codec) {
        let jitter = self
            .jitter
            .get_or_insert_with(|| JitterBuffer::new(codec, self.least, self.most));
        let codec = jitter.codec();
        self.frame.resize(codec.frame(), 0);
        jitter.pull(&mut self.frame);
        if codec.rate() == RATE {
            self.narrow.copy_from_slice(&self.frame);
            return;
        }
        if !self.down.as_ref().is_some_and(|down| down.is(codec.rate(), RATE)) {
            self.down = Conversion::new(codec.rate(), RATE).ok();
        }
        if let Some(down) = &mut self.down {
            down.frame(&self.frame, &mut self.narrow);
        }
    }

    /// The frame of this tick.
    pub fn frame(&self) -> &[i16] {
        &self.frame
    }

    /// Its rate in hertz.
    pub fn rate(&self) -> u32 {
        50 * self.frame.len() as u32
    }

    /// The same at 8 kHz.
    pub fn narrow(&self) -> &[i16; FRAME] {
        &self.narrow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_changes_its_codec_is_heard_at_the_rate_of_each() {
        let mut ear = Ear::new(0, 200);
        ear.push(1, 0, Codec::Pcmu, &[0; 160]);
        ear.listen(Codec::Pcmu);
        assert_eq!(ear.rate(), 8000);
        for (codec, rate) in [(Codec::Pcma, 8000), (Codec::L16(16_000), 16_000), (Codec::Pcmu, 8000)] {
            ear.push(1, 0, codec, &[0x11; 640]);
            ear.listen(Codec::Pcmu);
            assert_eq!((ear.rate(), ear.frame().len()), (rate, rate as usize / 50));
            assert!(ear.frame().iter().any(|s| *s != 0));
        }
        ear.rest();
        assert_eq!(ear.rate(), 0);
    }
}
