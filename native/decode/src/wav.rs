//! RIFF/WAVE: PCM of 8 to 32 bits, floats, µ-law, A-law and ADPCM (Microsoft, IMA).
//!
//! A chunk that claims more than there is ends where the bytes end, which is also how a recording reads whose writer died, and
//! a stream whose length nobody knew.

use std::io::Read;
use std::num::NonZeroUsize;

use offhook_media_core::codec::{g711, Codec};
use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::get_codecs;

use crate::source::Source;
use crate::{mix, Piece, Refused, MOST_CHANNELS};

const PCM: u16 = 1;
const MS_ADPCM: u16 = 2;
const FLOAT: u16 = 3;
const ALAW: u16 = 6;
const ULAW: u16 = 7;
const IMA_ADPCM: u16 = 0x11;
const EXTENSIBLE: u16 = 0xFFFE;
/// Bytes of a `fmt ` chunk that are looked at.
const LONGEST_FORMAT: u64 = 256;
/// Pieces are about so long, in fractions of a second.
const PER_SECOND: u32 = 10;

/// A file from its first sample on.
pub struct Wav {
    source: Source,
    left: u64,
    format: Format,
    coding: Coding,
    bytes: Vec<u8>,
    floats: Vec<f32>,
}

#[derive(Clone, Copy)]
struct Format {
    tag: u16,
    channels: usize,
    rate: u32,
    block: usize,
    bits: u16,
}

enum Coding {
    Unsigned,
    Signed(usize),
    Float,
    Double,
    Law(Codec),
    Adpcm(Box<dyn AudioDecoder>, u64),
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn format(chunk: &[u8]) -> Option<Format> {
    let mut tag = u16_at(chunk, 0)?;
    if tag == EXTENSIBLE {
        tag = u16_at(chunk, 24)?;
    }
    Some(Format {
        tag,
        channels: u16_at(chunk, 2)?.into(),
        rate: u32_at(chunk, 4)?,
        block: u16_at(chunk, 12)?.into(),
        bits: u16_at(chunk, 14)?,
    })
}

impl Wav {
    /// Reads as far as the first sample.
    pub fn open(mut source: Source) -> Result<Self, Refused> {
        let broken = |error: std::io::Error| Refused::new(format!("cannot be read: {error}"));
        source.skip(12).map_err(broken)?;
        let mut found = None;
        loop {
            let mut head = [0; 8];
            if source.read_exact(&mut head).is_err() {
                let missing = if found.is_some() { "sound" } else { "a format" };
                return Err(Refused::new(format!("is a WAV file without {missing}")));
            }
            let length = u64::from(u32_at(&head, 4).unwrap_or_default());
            let mut read = 0;
            match &head[..4] {
                b"fmt " => {
                    let mut chunk = Vec::new();
                    let seen = length.min(LONGEST_FORMAT);
                    read = (&mut source).take(seen).read_to_end(&mut chunk).map_err(broken)? as u64;
                    found = Some(format(&chunk).ok_or_else(|| Refused::new("is a WAV file with a broken format"))?);
                }
                b"data" => {
                    let format = found.ok_or_else(|| Refused::new("is a WAV file without a format"))?;
                    // These stand for "not known yet": a stream, or 64-bit sizes elsewhere.
                    let left = if length == 0 || length >= 0xFFFF_FF00 {
                        u64::MAX
                    } else {
                        length
                    };
                    return Self::at_data(source, left, format);
                }
                _ => {}
            }
            // Chunks are padded to an even length.
            source.skip(length - read + (length & 1)).map_err(broken)?;
        }
    }

    fn at_data(source: Source, left: u64, mut format: Format) -> Result<Self, Refused> {
        let Format {
            tag, channels, bits, ..
        } = format;
        let unknown = || {
            Refused::new(format!(
                "is a WAV file of a kind that is not supported (tag {tag}, {bits} bits, {channels} channels)"
            ))
        };
        if !(1..=MOST_CHANNELS).contains(&channels) {
            return Err(unknown());
        }
        let coding = match (tag, bits) {
            (PCM, 1..=8) => Coding::Unsigned,
            (PCM, 9..=32) => Coding::Signed(usize::from(bits.div_ceil(8))),
            (FLOAT, 32) => Coding::Float,
            (FLOAT, 64) => Coding::Double,
            (ULAW, 8) => Coding::Law(Codec::Pcmu),
            (ALAW, 8) => Coding::Law(Codec::Pcma),
            (MS_ADPCM | IMA_ADPCM, 4) => adpcm(&format).ok_or_else(unknown)?,
            _ => return Err(unknown()),
        };
        if let Some(width) = coding.width() {
            format.block = width * channels;
        }
        Ok(Self {
            source,
            left,
            format,
            coding,
            bytes: Vec::new(),
            floats: Vec::new(),
        })
    }

    /// The next tenth of a second; `false` at the end.
    pub fn next(&mut self, piece: &mut Piece) -> Result<bool, Refused> {
        let Format {
            channels, rate, block, ..
        } = self.format;
        piece.rate = rate;
        let frames = (rate.clamp(1000, 400_000) / PER_SECOND) as usize;
        let blocks = match &self.coding {
            Coding::Adpcm(_, per_block) => frames.div_ceil(*per_block as usize),
            _ => frames,
        };
        self.bytes.clear();
        let most = ((blocks * block) as u64).min(self.left);
        // A reader that fails in the middle ends the file: what came is heard.
        let _ = (&mut self.source).take(most).read_to_end(&mut self.bytes);
        self.left -= self.bytes.len() as u64;
        let whole = self.bytes.len() / block * block;
        if whole == 0 {
            return Ok(false);
        }
        self.floats.clear();
        self.coding.decode(&self.bytes[..whole], block, &mut self.floats)?;
        mix(&self.floats, channels, &mut piece.samples);
        self.source.fuel().fill();
        Ok(true)
    }
}

fn adpcm(format: &Format) -> Option<Coding> {
    let Format {
        tag,
        channels,
        rate,
        block,
        ..
    } = *format;
    let (codec, head, first) = match tag {
        MS_ADPCM => (CODEC_ID_ADPCM_MS, 7, 2),
        _ => (CODEC_ID_ADPCM_IMA_WAV, 4, 1),
    };
    let body = block.checked_sub(head * channels)?;
    let frames = NonZeroUsize::new(body * 2 / channels)?.get() as u64 + first;
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(codec)
        .with_sample_rate(rate)
        .with_channels(Channels::Discrete(channels as u16))
        .with_max_frames_per_packet(frames)
        .with_frames_per_block(frames);
    let options = AudioDecoderOptions::default();
    let decoder = get_codecs().make_audio_decoder(&parameters, &options).ok()?;
    Some(Coding::Adpcm(decoder, frames))
}

impl Coding {
    /// Bytes of a sample, where it has a number of its own.
    fn width(&self) -> Option<usize> {
        match self {
            Self::Unsigned | Self::Law(_) => Some(1),
            Self::Signed(width) => Some(*width),
            Self::Float => Some(4),
            Self::Double => Some(8),
            Self::Adpcm(..) => None,
        }
    }

    fn decode(&mut self, bytes: &[u8], block: usize, out: &mut Vec<f32>) -> Result<(), Refused> {
        match self {
            Self::Unsigned => out.extend(bytes.iter().map(|byte| (f32::from(*byte) - 128.0) / 128.0)),
            Self::Signed(width) => out.extend(bytes.chunks_exact(*width).map(signed)),
            Self::Float => out.extend(
                bytes
                    .chunks_exact(4)
                    .map(|s| f32::from_le_bytes([s[0], s[1], s[2], s[3]])),
            ),
            Self::Double => out.extend(bytes.chunks_exact(8).map(double)),
            Self::Law(codec) => {
                let mut samples = vec![0; bytes.len()];
                g711::decode(*codec, bytes, &mut samples);
                out.extend(samples.iter().map(|s| f32::from(*s) / 32_768.0));
            }
            Self::Adpcm(decoder, frames) => {
                let mut samples: Vec<f32> = Vec::new();
                for block in bytes.chunks_exact(block) {
                    let packet = Packet::new(0, Timestamp::ZERO, Duration::from(*frames), block);
                    let decoded = decoder.decode(&packet);
                    let decoded = decoded.map_err(|error| Refused::new(format!("is damaged: {error}")))?;
                    decoded.copy_to_vec_interleaved(&mut samples);
                    out.append(&mut samples);
                }
            }
        }
        Ok(())
    }
}

/// Two to four bytes, the least first.
fn signed(bytes: &[u8]) -> f32 {
    let mut whole = [0; 4];
    whole[4 - bytes.len()..].copy_from_slice(bytes);
    i32::from_le_bytes(whole) as f32 / 2_147_483_648.0
}

fn double(bytes: &[u8]) -> f32 {
    bytes.try_into().map_or(0.0, |bytes| f64::from_le_bytes(bytes) as f32)
}
