//! Audio codecs: names, rates, and one encoder and decoder for each stream.

pub mod g711;
pub mod g722;
pub mod opus;

/// The audio codecs that we send and understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722.
    G722,
    /// Bare samples at this rate in hertz, 8000, 16,000 or 48,000 (RFC 3551 section 4.5.11).
    L16(u32),
    /// Opus.
    Opus,
}

/// Bytes of the longest payload that we make.
const LARGEST_PAYLOAD: u32 = 1300;

impl Codec {
    /// All of them, under their names.
    pub const NAMED: [(&'static str, Self); 7] = [
        ("PCMU", Self::Pcmu),
        ("PCMA", Self::Pcma),
        ("G722", Self::G722),
        ("OPUS", Self::Opus),
        ("L16/8000", Self::L16(8000)),
        ("L16/16000", Self::L16(16_000)),
        ("L16/48000", Self::L16(48_000)),
    ];

    /// The codec of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut known = Self::NAMED.iter();
        known.find(|(known, _)| *known == name).map(|(_, codec)| *codec)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let mut known = Self::NAMED.iter();
        known.find(|(_, codec)| *codec == self).map_or("", |(name, _)| name)
    }

    /// Samples per second.
    pub fn rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8000,
            Self::G722 => 16_000,
            Self::L16(rate) => rate,
            Self::Opus => opus::RATE,
        }
    }

    /// Ticks per second of RTP timestamps; G.722 has half of what its rate would be.
    pub fn clock(self) -> u32 {
        match self {
            Self::G722 => 8000,
            _ => self.rate(),
        }
    }

    /// Samples in one tick of 20 ms.
    pub fn frame(self) -> usize {
        self.rate() as usize / 50
    }

    /// Ticks of the RTP clock that so many samples last.
    pub fn ticks(self, samples: usize) -> u32 {
        match self {
            Self::G722 => samples as u32 / 2,
            _ => samples as u32,
        }
    }

    /// The packet length nearest to `ptime` milliseconds that it has and that fits into a packet.
    pub fn packet_ms(self, ptime: u32) -> u32 {
        match self {
            Self::Opus => [60, 40, 20].into_iter().find(|ms| *ms <= ptime).unwrap_or(10),
            Self::L16(rate) => ptime.min(LARGEST_PAYLOAD * 1000 / (2 * rate) / 10 * 10),
            _ => ptime,
        }
    }

    /// Whether packets of this codec can be sent as the other without decoding: byte for byte, or law for law.
    pub fn passes_as(self, other: Self) -> bool {
        self == other || self.companded() && other.companded()
    }

    /// Whether each packet stands for itself, so that it can go into any stream.
    pub fn forgets(self) -> bool {
        self.companded() || matches!(self, Self::L16(_))
    }

    fn companded(self) -> bool {
        matches!(self, Self::Pcmu | Self::Pcma)
    }
}

/// Makes the payloads of one stream.
#[derive(Debug)]
pub enum Encoder {
    /// A byte for a sample, without memory.
    Companded(Codec),
    /// Two bytes for a sample, without memory.
    Linear,
    /// G.722.
    G722(Box<g722::Encoder>),
    /// Opus.
    Opus(Box<opus::Encoder>),
    /// Opus, for want of memory.
    Mute,
}

impl Encoder {
    /// At the start of a stream.
    pub fn new(codec: Codec, options: opus::Options) -> Self {
        match codec {
            Codec::Pcmu | Codec::Pcma => Self::Companded(codec),
            Codec::L16(_) => Self::Linear,
            Codec::G722 => Self::G722(Box::default()),
            Codec::Opus => opus::Encoder::new(options).map_or(Self::Mute, |encoder| Self::Opus(Box::new(encoder))),
        }
    }

    /// So many percent of the packets will be lost: what the codec can do against that, it does.
    pub fn expect_loss(&mut self, percent: u8) {
        if let Self::Opus(encoder) = self {
            encoder.expect_loss(percent);
        }
    }

    /// Another that remembers the same, where that can be had.
    pub fn copy(&self) -> Option<Self> {
        match self {
            Self::Companded(codec) => Some(Self::Companded(*codec)),
            Self::Linear => Some(Self::Linear),
            Self::G722(encoder) => Some(Self::G722(encoder.clone())),
            Self::Opus(_) | Self::Mute => None,
        }
    }

    /// One packet's samples; returns the bytes, 0 when nothing need be sent.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        match self {
            Self::Companded(codec) => {
                g711::encode(*codec, samples, payload);
                samples.len()
            }
            Self::Linear => {
                for (bytes, sample) in payload.chunks_exact_mut(2).zip(samples) {
                    bytes.copy_from_slice(&sample.to_be_bytes());
                }
                2 * samples.len()
            }
            Self::G722(encoder) => encoder.encode(samples, payload),
            Self::Opus(encoder) => encoder.encode(samples, payload),
            Self::Mute => 0,
        }
    }
}

/// Reads the payloads of one stream.
#[derive(Debug)]
pub enum Decoder {
    /// A byte for a sample, without memory.
    Companded(Codec),
    /// Two bytes for a sample, without memory.
    Linear,
    /// G.722.
    G722(Box<g722::Decoder>),
    /// Opus.
    Opus(Box<opus::Decoder>),
    /// Opus, for want of memory.
    Deaf,
}

impl Decoder {
    /// At the start of a stream.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu | Codec::Pcma => Self::Companded(codec),
            Codec::L16(_) => Self::Linear,
            Codec::G722 => Self::G722(Box::default()),
            Codec::Opus => opus::Decoder::new().map_or(Self::Deaf, |decoder| Self::Opus(Box::new(decoder))),
        }
    }

    /// Whether a packet means something only behind the one before it.
    pub fn remembers(&self) -> bool {
        matches!(self, Self::Opus(_))
    }

    /// Appends the samples of a packet.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) {
        let start = out.len();
        match self {
            Self::Companded(codec) => {
                out.resize(start + payload.len(), 0);
                g711::decode(*codec, payload, &mut out[start..]);
            }
            Self::Linear => out.extend(payload.chunks_exact(2).map(|b| i16::from_be_bytes([b[0], b[1]]))),
            Self::G722(decoder) => {
                out.resize(start + g722::SAMPLES * payload.len(), 0);
                decoder.decode(payload, &mut out[start..]);
            }
            Self::Opus(decoder) => {
                decoder.decode(payload, out);
            }
            Self::Deaf => {}
        }
    }

    /// Appends at most `length` samples that stand for lost ones, as well as the codec itself knows how to, with the help of the
    /// packet behind the gap.
    pub fn conceal(&mut self, next: Option<&[u8]>, length: usize, out: &mut Vec<i16>) {
        if let Self::Opus(decoder) = self {
            decoder.conceal(next, length, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_carries_every_packet_length_that_it_has() {
        for (name, codec) in Codec::NAMED {
            for ptime in [10, 20, 30, 40, 50, 60] {
                let ms = codec.packet_ms(ptime);
                assert!((10..=ptime).contains(&ms), "{name} {ptime}");
                let samples = vec![1000; (codec.rate() * ms / 1000) as usize];
                let mut payload = [0; 1500];
                let bytes = Encoder::new(codec, opus::Options::default()).encode(&samples, &mut payload);
                assert!(
                    (1..=LARGEST_PAYLOAD as usize).contains(&bytes),
                    "{name} {ptime}: {bytes}"
                );
                let mut out = Vec::new();
                Decoder::new(codec).decode(&payload[..bytes], &mut out);
                assert_eq!(out.len(), samples.len(), "{name} {ptime}");
            }
        }
    }

    #[test]
    fn only_the_two_laws_pass_as_each_other() {
        for (_, one) in Codec::NAMED {
            for (_, other) in Codec::NAMED {
                let laws = [Codec::Pcmu, Codec::Pcma];
                assert_eq!(
                    one.passes_as(other),
                    one == other || laws.contains(&one) && laws.contains(&other)
                );
            }
        }
    }
}
