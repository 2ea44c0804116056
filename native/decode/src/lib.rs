//! Sound files as samples: WAV, MP3, Ogg (Opus and Vorbis) and FLAC, piece by piece as their bytes come.
//!
//! Bytes in, samples out: no thread, clock or socket, and no guess by name. What a file is shows in its first bytes; nothing that
//! it says of its own size is believed. Bytes that are no audio are skipped only so far (`MOST_SKIPPED`), so that nothing is
//! read for ever without a sound.
#![forbid(unsafe_code)]

mod container;
pub mod kind;
mod source;
mod wav;

use std::io::Read;

use offhook_media_core::resample::RATES;

use container::Container;
pub use kind::Kind;
use source::Source;
use wav::Wav;

/// Bytes in a row that may hold no sound: a picture in front of the music, say.
pub const MOST_SKIPPED: u64 = 16 << 20;

/// Channels that are mixed to one.
const MOST_CHANNELS: usize = 8;

/// Why there is no sound, or none from here on; a phrase that follows the name of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Refused {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

enum Reader {
    Wav(Wav),
    Container(Container),
}

/// A file or stream that is being decoded.
pub struct Decoder {
    kind: Kind,
    reader: Reader,
    rate: u32,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Decoder({:?}, {} Hz)", self.kind, self.rate)
    }
}

/// Samples of one channel, and their rate: a stream may change it between two of its pieces.
#[derive(Debug, Default)]
pub struct Piece {
    /// 16-bit samples.
    pub samples: Vec<i16>,
    /// Hertz.
    pub rate: u32,
}

impl Decoder {
    /// Reads as far as the format is known. `stated` is what a sender says that it is (a content type), which is only asked
    /// where the bytes do not say: an MP3 stream that begins in the middle.
    pub fn open(bytes: impl Read + Send + Sync + 'static, stated: &str) -> Result<Self, Refused> {
        let mut source = Source::new(Box::new(bytes));
        let kind = Kind::find(&mut source, stated)?;
        let reader = match kind {
            Kind::Wav => Reader::Wav(Wav::open(source)?),
            _ => Reader::Container(Container::open(source, kind)?),
        };
        Ok(Self { kind, reader, rate: 0 })
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The next piece, a fraction of a second long; `false` at the end. What is damaged is left out.
    pub fn next(&mut self, piece: &mut Piece) -> Result<bool, Refused> {
        piece.samples.clear();
        let more = match &mut self.reader {
            Reader::Wav(wav) => wav.next(piece)?,
            Reader::Container(container) => container.next(piece)?,
        };
        if more && piece.rate != self.rate {
            if !RATES.contains(&piece.rate) {
                return Err(Refused::new(format!(
                    "has {} samples per second, which is outside {}..{}",
                    piece.rate,
                    RATES.start(),
                    RATES.end()
                )));
            }
            self.rate = piece.rate;
        }
        if !more && self.rate == 0 {
            return Err(Refused::new(format!("is {}, but holds no sound", self.kind.name())));
        }
        Ok(more)
    }
}

/// Decodes a whole file; refuses one that has more than `longest` samples.
pub fn decode(bytes: impl Read + Send + Sync + 'static, longest: usize) -> Result<Piece, Refused> {
    let mut decoder = Decoder::open(bytes, "")?;
    let (mut whole, mut piece) = (Piece::default(), Piece::default());
    while decoder.next(&mut piece)? {
        whole.rate = piece.rate;
        whole.samples.extend_from_slice(&piece.samples);
        if whole.samples.len() > longest {
            return Err(Refused::new(format!(
                "is longer than {} s",
                longest / piece.rate.max(1) as usize
            )));
        }
    }
    Ok(whole)
}

fn mix(interleaved: &[f32], channels: usize, out: &mut Vec<i16>) {
    let scale = 32_768.0 / channels as f32;
    out.extend(interleaved.chunks_exact(channels).map(|frame| {
        let sum: f32 = frame.iter().sum();
        (sum * scale).round().clamp(-32_768.0, 32_767.0) as i16 // what is no number becomes silence
    }));
}
