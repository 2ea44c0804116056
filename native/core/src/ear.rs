//! What a session hears: a jitter buffer at the rate of the codec that comes, and the same at 8 kHz for recordings.
//!
//! Exists only while somebody listens; otherwise packets pass by undecoded.

use crate::codec::Codec;
use crate::jitter::queue::Content;
use crate::jitter::JitterBuffer;
use crate::resample::Conversion;
use crate::rtp::Header;
use crate::{Micros, FRAME, RATE};

/// What a line cost those who listened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repairs {
    /// Packets that came after they were due.
    pub late: u64,
    /// Those of them that were of no use any more.
    pub dropped: u64,
    /// Milliseconds of audio that was made up for.
    pub concealed: u64,
    /// Milliseconds that the jitter buffer holds packets, at last.
    pub delay: u32,
}

/// One session's ear.
#[derive(Debug)]
pub struct Ear {
    least: u32,
    most: u32,
    jitter: Option<JitterBuffer>,
    before: Repairs,
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
            before: Repairs::default(),
            frame: Vec::new(),
            narrow: [0; FRAME],
            down: None,
        }
    }

    /// What the line cost so far, as far as anybody listened.
    pub fn repairs(&self) -> Repairs {
        let now = self.jitter.as_ref();
        Repairs {
            late: self.before.late + now.map_or(0, JitterBuffer::late),
            dropped: self.before.dropped + now.map_or(0, JitterBuffer::dropped),
            concealed: self.before.concealed + now.map_or(0, JitterBuffer::concealed),
            delay: now.map_or(self.before.delay, JitterBuffer::delay),
        }
    }

    /// A packet came. One in a codec of another rate is the beginning of another stream.
    pub fn push(&mut self, header: &Header, codec: Codec, payload: &[u8], now: Micros) {
        let Some(jitter) = &self.jitter else { return };
        if !codec.passes_as(jitter.codec()) {
            self.before = self.repairs();
            self.jitter = Some(JitterBuffer::new(codec, self.least, self.most));
        }
        if let Some(jitter) = &mut self.jitter {
            jitter.push(header, Content::Audio(codec), payload, now);
        }
    }

    /// The far end says how its silence sounds.
    pub fn push_noise(&mut self, header: &Header, payload: &[u8], now: Micros) {
        if let Some(jitter) = &mut self.jitter {
            jitter.push(header, Content::Noise, payload, now);
        }
    }

    /// Nobody listens.
    pub fn rest(&mut self) {
        if self.jitter.is_some() {
            self.before = self.repairs();
            self.jitter = None;
            self.frame = Vec::new();
        }
    }

    /// 20 ms have passed; `codec` is what will come, where nothing has yet.
    pub fn listen(&mut self, codec: Codec, now: Micros) {
        let jitter = self
            .jitter
            .get_or_insert_with(|| JitterBuffer::new(codec, self.least, self.most));
        let codec = jitter.codec();
        self.frame.resize(codec.frame(), 0);
        jitter.pull(&mut self.frame, now);
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
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: 0,
            timestamp: 0,
            ssrc: 1,
        };
        ear.listen(Codec::Pcmu, 0);
        for (n, (codec, rate)) in [(Codec::Pcma, 8000), (Codec::L16(16_000), 16_000), (Codec::Pcmu, 8000)]
            .into_iter()
            .enumerate()
        {
            let now = n as u64 * 1_000_000;
            ear.push(&header, codec, &[0x11; 640], now);
            let heard = (1..4).any(|tick| {
                ear.listen(Codec::Pcmu, now + tick * 20_000);
                ear.frame().iter().any(|s| *s != 0)
            });
            assert!(heard, "{codec:?}");
            assert_eq!((ear.rate(), ear.frame().len()), (rate, rate as usize / 50));
        }
        ear.rest();
        assert_eq!(ear.rate(), 0);
    }
}
