//! RIFF/WAVE (PCM 8/16/24/32 bit, µ-law, A-law; mono to eight channels, mixed down), and the header that we write.
//!
//! Reading trusts no length in the file: a chunk that claims more than there is ends where the bytes end, which is also
//! how a recording reads whose writer died.

use crate::codec::g711;
use crate::command::Codec;

/// Bytes of the header that we write.
pub const HEADER: usize = 44;

const PCM: u16 = 1;
const ALAW: u16 = 6;
const ULAW: u16 = 7;
const EXTENSIBLE: u16 = 0xFFFE;

/// Why bytes are not a WAV file that we can play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WavError {
    /// Not RIFF/WAVE at all.
    NotWave,
    /// No `fmt ` chunk before the audio, or a broken one.
    NoFormat,
    /// No `data` chunk.
    NoData,
    /// An encoding that we do not read.
    Format {
        /// The format tag.
        tag: u16,
        /// Bits per sample.
        bits: u16,
        /// Channels.
        channels: u16,
    },
}

impl std::fmt::Display for WavError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotWave => write!(f, "not a RIFF/WAVE file"),
            Self::NoFormat => write!(f, "a WAVE file without a format"),
            Self::NoData => write!(f, "a WAVE file without audio"),
            Self::Format { tag, bits, channels } => {
                write!(
                    f,
                    "a WAVE format that is not supported (tag {tag}, {bits} bits, {channels} channels)"
                )
            }
        }
    }
}

/// Decoded audio, one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wav {
    /// Hertz.
    pub rate: u32,
    /// 16-bit samples.
    pub samples: Vec<i16>,
}

#[derive(Clone, Copy)]
struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    bits: u16,
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
        channels: u16_at(chunk, 2)?,
        rate: u32_at(chunk, 4)?,
        bits: u16_at(chunk, 14)?,
    })
}

/// Decodes a file.
pub fn read(bytes: &[u8]) -> Result<Wav, WavError> {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(WavError::NotWave);
    }
    let mut rest = &bytes[12..];
    let mut found = None;
    while let (Some(name), Some(length)) = (rest.get(..4), u32_at(rest, 4)) {
        let body = &rest[8..];
        let chunk = &body[..body.len().min(length as usize)];
        match name {
            b"fmt " => found = Some(format(chunk).ok_or(WavError::NoFormat)?),
            b"data" => return decode(found.ok_or(WavError::NoFormat)?, chunk),
            _ => {}
        }
        // Chunks are padded to an even length.
        rest = body.get(chunk.len() + (length as usize & 1)..).unwrap_or(&[]);
    }
    Err(if found.is_some() {
        WavError::NoData
    } else {
        WavError::NoFormat
    })
}

fn decode(format: Format, data: &[u8]) -> Result<Wav, WavError> {
    let Format {
        tag,
        channels,
        rate,
        bits,
    } = format;
    if !(1..=8).contains(&channels) {
        return Err(WavError::Format { tag, bits, channels });
    }
    let g711 = |codec| {
        let mut samples = vec![0; data.len()];
        g711::decode(codec, data, &mut samples);
        samples
    };
    let high = |width: usize| -> Vec<i16> {
        data.chunks_exact(width)
            .map(|s| i16::from_le_bytes([s[width - 2], s[width - 1]]))
            .collect()
    };
    let interleaved = match (tag, bits) {
        (PCM, 8) => data.iter().map(|s| (i16::from(*s) - 128) << 8).collect(),
        (PCM, 16) => high(2),
        (PCM, 24) => high(3),
        (PCM, 32) => high(4),
        (ULAW, 8) => g711(Codec::Pcmu),
        (ALAW, 8) => g711(Codec::Pcma),
        _ => return Err(WavError::Format { tag, bits, channels }),
    };
    let samples = if channels == 1 {
        interleaved
    } else {
        let mix = |frame: &[i16]| (frame.iter().map(|s| i32::from(*s)).sum::<i32>() / i32::from(channels)) as i16;
        interleaved.chunks_exact(channels as usize).map(mix).collect()
    };
    Ok(Wav { rate, samples })
}

/// The header of a 16-bit PCM file with so many samples per channel.
pub fn header(channels: u16, rate: u32, samples: u64) -> [u8; HEADER] {
    let block = channels * 2;
    let data = u32::try_from(samples * u64::from(block)).unwrap_or(u32::MAX - HEADER as u32);
    let mut bytes = [0; HEADER];
    bytes[..4].copy_from_slice(b"RIFF");
    bytes[4..8].copy_from_slice(&(data + HEADER as u32 - 8).to_le_bytes());
    bytes[8..16].copy_from_slice(b"WAVEfmt ");
    bytes[16..20].copy_from_slice(&16u32.to_le_bytes());
    bytes[20..22].copy_from_slice(&PCM.to_le_bytes());
    bytes[22..24].copy_from_slice(&channels.to_le_bytes());
    bytes[24..28].copy_from_slice(&rate.to_le_bytes());
    bytes[28..32].copy_from_slice(&(rate * u32::from(block)).to_le_bytes());
    bytes[32..34].copy_from_slice(&block.to_le_bytes());
    bytes[34..36].copy_from_slice(&16u16.to_le_bytes());
    bytes[36..40].copy_from_slice(b"data");
    bytes[40..44].copy_from_slice(&data.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(tag: u16, channels: u16, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = header(channels, 8000, 0).to_vec();
        bytes[20..22].copy_from_slice(&tag.to_le_bytes());
        bytes[34..36].copy_from_slice(&bits.to_le_bytes());
        bytes[40..44].copy_from_slice(&(data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(samples in proptest::collection::vec(any::<i16>(), 0..300)) {
            let mut bytes = header(1, 8000, samples.len() as u64).to_vec();
            samples.iter().for_each(|s| bytes.extend(s.to_le_bytes()));
            prop_assert_eq!(read(&bytes), Ok(Wav { rate: 8000, samples }));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let _ = read(&[b"RIFF\0\0\0\0WAVE".as_slice(), &bytes].concat());
        }

        #[test]
        fn a_damaged_file_does_not_make_the_reader_panic(at in 0usize..60, byte: u8, cut in 0usize..60) {
            let mut bytes = file(PCM, 2, 16, &[1; 16]);
            bytes[at] = byte;
            let _ = read(&bytes[..cut]);
            let _ = read(&bytes);
        }
    }

    #[test]
    fn every_encoding_that_is_promised_is_read() {
        let samples = |tag, channels, bits, data: &[u8]| read(&file(tag, channels, bits, data)).map(|w| w.samples);
        assert_eq!(samples(PCM, 1, 8, &[0, 128, 255]), Ok(vec![-32_768, 0, 127 << 8]));
        assert_eq!(samples(PCM, 2, 16, &[100, 0, 200, 0]), Ok(vec![150]));
        assert_eq!(samples(PCM, 1, 24, &[9, 1, 2]), Ok(vec![0x0201]));
        assert_eq!(samples(ULAW, 1, 8, &[0xFF]), Ok(vec![0]));
        assert_eq!(samples(ALAW, 1, 8, &[0xD5]), Ok(vec![8]));
    }

    #[test]
    fn a_file_whose_length_was_never_written_is_read_to_its_end() {
        let mut bytes = file(PCM, 1, 16, &[1, 0, 2, 0]);
        bytes[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(read(&bytes).map(|w| w.samples), Ok(vec![1, 2]));
    }

    #[test]
    fn other_things_are_refused_by_name() {
        assert_eq!(read(b"ID3\x04 some mp3"), Err(WavError::NotWave));
        assert_eq!(
            read(&file(85, 1, 0, &[0; 4])),
            Err(WavError::Format {
                tag: 85,
                bits: 0,
                channels: 1
            })
        );
        assert_eq!(
            read(&file(PCM, 0, 16, &[0; 4])),
            Err(WavError::Format {
                tag: PCM,
                bits: 16,
                channels: 0
            })
        );
    }
}
