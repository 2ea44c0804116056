//! What a bridge or a room brings to a far end at each tick: a frame at the rate of its codec, or a payload of that codec.

use crate::codec::Codec;
use crate::resample::Conversion;

/// The frame, and the way to its rate.
#[derive(Debug, Default)]
pub struct Feed {
    frame: Vec<i16>,
    conversion: Option<Box<Conversion>>,
    fresh: bool,
    payload: Vec<u8>,
    encoded: Option<Codec>,
}

impl Feed {
    /// Takes the payload of this tick, for a far end that hears `codec`; an empty one is silence that need not be sent.
    pub fn put_payload(&mut self, payload: &[u8], codec: Codec) {
        self.payload.clear();
        self.payload.extend_from_slice(payload);
        self.encoded = Some(codec);
    }

    /// Gives it away, once, to who still hears that codec.
    pub fn take_payload(&mut self, codec: Codec) -> Option<&[u8]> {
        let taken = self.encoded.take().filter(|own| *own == codec);
        taken.map(|_| &self.payload[..])
    }

    /// Takes the frame of this tick, which has `rate` hertz, for a far end that hears `codec`.
    pub fn put(&mut self, frame: &[i16], rate: u32, codec: Codec) {
        let own = codec.rate();
        self.frame.resize(codec.frame(), 0);
        if rate == own {
            self.frame.copy_from_slice(frame);
            self.fresh = true;
            return;
        }
        if !self
            .conversion
            .as_ref()
            .is_some_and(|conversion| conversion.is(rate, own))
        {
            self.conversion = Conversion::new(rate, own).ok().map(Box::new);
        }
        self.fresh = self.conversion.is_some();
        if let Some(conversion) = &mut self.conversion {
            conversion.frame(frame, &mut self.frame);
        }
    }

    /// Gives it away, once, to who still hears that codec.
    pub fn take(&mut self, codec: Codec) -> Option<&[i16]> {
        let fresh = std::mem::take(&mut self.fresh);
        (fresh && self.frame.len() == codec.frame()).then_some(&self.frame[..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_given_away_once_at_the_rate_of_who_hears_it() {
        let mut feed = Feed::default();
        for (rate, codec) in [
            (8000, Codec::Pcmu),
            (16_000, Codec::Opus),
            (48_000, Codec::G722),
            (0, Codec::Pcmu),
        ] {
            feed.put(&vec![100; rate as usize / 50], rate, codec);
            let length = feed.take(codec).map(<[i16]>::len);
            assert_eq!(length, (rate > 0).then_some(codec.frame()));
            assert_eq!(feed.take(codec), None);
        }
    }

    #[test]
    fn a_payload_is_given_away_once_to_who_hears_its_codec() {
        let mut feed = Feed::default();
        feed.put_payload(&[1, 2], Codec::Pcmu);
        assert_eq!(feed.take_payload(Codec::Pcmu), Some(&[1, 2][..]));
        assert_eq!(feed.take_payload(Codec::Pcmu), None);
        feed.put_payload(&[1, 2], Codec::Pcmu);
        assert_eq!(feed.take_payload(Codec::Pcma), None);
    }

    #[test]
    fn a_frame_for_another_codec_is_dropped() {
        let mut feed = Feed::default();
        feed.put(&[100; 160], 8000, Codec::Pcmu);
        assert_eq!(feed.take(Codec::Opus), None);
    }
}
