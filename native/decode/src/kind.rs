//! What bytes are, by their first ones, and what they are called when they cannot be played.

use crate::source::Source;
use crate::Refused;

/// Bytes that are looked at.
const LOOK: usize = 64;
/// ID3 tags that may follow each other in front of an MP3.
const MOST_TAGS: usize = 8;

/// What can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// RIFF/WAVE.
    Wav,
    /// MPEG layer III, with or without ID3 tags.
    Mp3,
    /// Opus or Vorbis.
    Ogg,
    /// Native FLAC.
    Flac,
}

impl Kind {
    /// As in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "a WAV file",
            Self::Mp3 => "an MP3 file",
            Self::Ogg => "an Ogg file",
            Self::Flac => "a FLAC file",
        }
    }

    /// What a content type says that it is.
    pub fn stated(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "audio/wav" | "audio/wave" | "audio/x-wav" | "audio/vnd.wave" => Some(Self::Wav),
            "audio/mpeg" | "audio/mp3" | "audio/mpeg3" | "audio/x-mpeg" | "audio/x-mp3" => Some(Self::Mp3),
            "audio/ogg" | "application/ogg" | "audio/opus" | "audio/vorbis" => Some(Self::Ogg),
            "audio/flac" | "audio/x-flac" => Some(Self::Flac),
            _ => None,
        }
    }

    /// What `source` is; a tag in front of it is skipped.
    pub(crate) fn find(source: &mut Source, stated: &str) -> Result<Self, Refused> {
        let broken = |error: std::io::Error| Refused::new(format!("cannot be read: {error}"));
        for _ in 0..MOST_TAGS {
            let front = source.look(LOOK).map_err(broken)?;
            let Some(length) = id3(front) else { break };
            source.skip(length).map_err(broken)?;
        }
        let front = source.look(LOOK).map_err(broken)?;
        if let Some(kind) = Self::of(front) {
            return Ok(kind);
        }
        let named = other(front);
        // A stream can begin in the middle of a frame.
        if named.is_none() && Self::stated(stated) == Some(Self::Mp3) && !front.is_empty() {
            return Ok(Self::Mp3);
        }
        let is = named.unwrap_or("nothing that is known as sound");
        let but = if stated.is_empty() {
            String::new()
        } else {
            format!(" (stated to be {stated:.100})")
        };
        Err(Refused::new(format!(
            "is {is}{but}; what can be played is WAV, MP3, Ogg (Opus or Vorbis) and FLAC"
        )))
    }

    fn of(front: &[u8]) -> Option<Self> {
        match front {
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Self::Wav),
            [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Self::Wav),
            [b'O', b'g', b'g', b'S', ..] => Some(Self::Ogg),
            [b'f', b'L', b'a', b'C', ..] => Some(Self::Flac),
            // Eleven bits of sync, a version, layer III, and a bit rate and a sample rate that exist.
            [0xFF, second, third, ..]
                if second & 0xE6 == 0xE2 && second & 0x18 != 0x08 && third >> 4 != 15 && third & 0x0C != 0x0C =>
            {
                Some(Self::Mp3)
            }
            _ => None,
        }
    }
}

/// The length of an ID3v2 tag: ten bytes and a length of seven bits in each of four.
fn id3(front: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', major, _, flags, size @ ..] = front else {
        return None;
    };
    let size = size.get(..4).filter(|size| size.iter().all(|byte| *byte < 0x80))?;
    let length = size.iter().fold(0u64, |sum, byte| sum << 7 | u64::from(*byte));
    let footer = if *major >= 4 && flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + length + footer)
}

/// The name of what cannot be played.
fn other(front: &[u8]) -> Option<&'static str> {
    let text = front.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    Some(match front {
        [] => "empty",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "an MP4 or M4A file",
        [0x1A, 0x45, 0xDF, 0xA3, ..] => "a WebM or Matroska file",
        [b'F', b'O', b'R', b'M', ..] => "an AIFF file",
        [b'.', b's', b'n', b'd', ..] => "an AU file",
        [b'#', b'!', b'A', b'M', b'R', ..] => "an AMR file",
        [b'R', b'I', b'F', b'F', ..] => "a RIFF file without sound",
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => "an AAC stream",
        [0x30, 0x26, 0xB2, 0x75, ..] => "a Windows Media file",
        [b'P', b'K', 3, 4, ..] | [0x1F, 0x8B, ..] => "a packed file",
        _ if text.starts_with(b"<") => "a web page or XML",
        _ if text.starts_with(b"{") || text.starts_with(b"[") => "JSON or a playlist",
        _ if text.starts_with(b"#EXT") || text.starts_with(b"http://") || text.starts_with(b"https://") => "a playlist",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn found(bytes: &[u8], stated: &str) -> Result<Kind, String> {
        let mut source = Source::new(Box::new(Cursor::new(bytes.to_vec())));
        Kind::find(&mut source, stated).map_err(|refused| refused.0)
    }

    #[test]
    fn the_first_bytes_tell_whatever_is_stated() {
        for (bytes, kind) in [
            (&b"RIFF\0\0\0\0WAVEfmt "[..], Kind::Wav),
            (b"\xff\xfb\x90\x64", Kind::Mp3),
            (b"ID3\x04\0\0\0\0\0\x02??\xff\xf3\x40\xc0", Kind::Mp3),
            (b"ID3\x04\0\0\0\0\0\0fLaC", Kind::Flac),
            (b"OggS\0\x02", Kind::Ogg),
        ] {
            assert_eq!(found(bytes, "audio/aac"), Ok(kind));
        }
    }

    #[test]
    fn what_cannot_be_played_is_called_by_its_name() {
        for (bytes, name) in [
            (&b" <!doctype html>"[..], "a web page"),
            (b"\0\0\0\x20ftypM4A ", "an MP4 or M4A"),
            (b"\xff\xf1\x50\x80", "an AAC"),
            (b"#EXTM3U\n", "a playlist"),
            (b"", "empty"),
            (b"12345678", "nothing that is known"),
        ] {
            let reason = found(bytes, "audio/wav; x=1").expect_err("a reason");
            assert!(reason.starts_with(&format!("is {name}")), "{reason}");
            assert!(reason.contains("(stated to be audio/wav; x=1)"), "{reason}");
        }
    }

    #[test]
    fn a_stream_that_begins_in_a_frame_is_what_its_sender_says() {
        assert_eq!(found(b"12345678", "audio/mpeg"), Ok(Kind::Mp3));
    }
}
