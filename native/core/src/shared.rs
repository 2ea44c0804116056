//! Payloads that are the same for many: what all listeners of a room hear is encoded once for each codec.

use crate::codec::{opus, Codec, Encoder};
use crate::sender::LARGEST;

/// Ticks after which an encoder that nobody needed is let go.
const IDLE: u32 = 250;

/// One encoder and its payload of this tick.
#[derive(Debug)]
struct Common {
    codec: Codec,
    options: opus::Options,
    encoder: Encoder,
    /// As it was before this tick.
    before: Option<Encoder>,
    payload: Box<[u8; LARGEST]>,
    size: usize,
    fresh: bool,
    idle: u32,
}

/// The encoders of a room's listeners.
#[derive(Debug, Default)]
pub struct Shared {
    all: Vec<Common>,
}

impl Shared {
    /// A tick has passed.
    pub fn advance(&mut self) {
        self.all.retain_mut(|common| {
            common.idle = if common.fresh { 0 } else { common.idle + 1 };
            common.fresh = false;
            common.idle < IDLE
        });
    }

    /// An encoder that goes on where the others were before this tick, for who leaves them; `None` where its memory cannot be had.
    pub fn copy(&self, codec: Codec) -> Option<Encoder> {
        let common = self.all.iter().find(|common| common.codec == codec);
        common.and_then(|common| {
            let encoder = if common.fresh {
                common.before.as_ref()
            } else {
                Some(&common.encoder)
            };
            encoder.and_then(Encoder::copy)
        })
    }

    /// The payload of `frame`, which is the same for all who ask in this tick; empty when nothing need be sent.
    pub fn payload(&mut self, codec: Codec, options: opus::Options, frame: &[i16]) -> &[u8] {
        let known = self
            .all
            .iter()
            .position(|common| common.codec == codec && (codec != Codec::Opus || common.options == options));
        let at = known.unwrap_or_else(|| {
            self.all.push(Common {
                codec,
                options,
                encoder: Encoder::new(codec, options),
                before: None,
                payload: Box::new([0; LARGEST]),
                size: 0,
                fresh: false,
                idle: 0,
            });
            self.all.len() - 1
        });
        let common = &mut self.all[at];
        if !std::mem::replace(&mut common.fresh, true) {
            common.before = common.encoder.copy();
            common.size = common.encoder.encode(frame, &mut common.payload[..]);
        }
        &common.payload[..common.size]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_encodes_once_in_a_tick() {
        let mut shared = Shared::default();
        let options = opus::Options::default();
        let first = shared.payload(Codec::Pcmu, options, &[0; 160]).to_vec();
        assert_eq!(shared.payload(Codec::Pcmu, options, &[1000; 160]), first);
        assert_ne!(shared.payload(Codec::Pcma, options, &[0; 160]), first);
        shared.advance();
        assert_ne!(shared.payload(Codec::Pcmu, options, &[1000; 160]), first);
    }

    #[test]
    fn who_leaves_the_others_goes_on_with_what_they_remember() {
        let (mut shared, options) = (Shared::default(), opus::Options::default());
        let frame = |from: i16| -> Vec<i16> { (0..320).map(|n| (n % 50 - 25) * 300 + from).collect() };
        shared.payload(Codec::G722, options, &frame(0));
        shared.advance();
        let early = shared.copy(Codec::G722);
        let common = shared.payload(Codec::G722, options, &frame(100)).to_vec();
        for own in [early, shared.copy(Codec::G722)] {
            let mut payload = [0; 160];
            own.expect("a copy").encode(&frame(100), &mut payload);
            assert_eq!(common, payload);
        }
        shared.payload(Codec::Opus, options, &[0; 960]);
        assert!(shared.copy(Codec::Opus).is_none() && shared.copy(Codec::Pcmu).is_none());
    }

    #[test]
    fn encoders_that_nobody_needs_are_let_go() {
        let mut shared = Shared::default();
        shared.payload(Codec::Opus, opus::Options::default(), &[0; 960]);
        (0..=IDLE).for_each(|_| shared.advance());
        assert!(shared.all.is_empty());
    }
}
