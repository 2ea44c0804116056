//! Files of all kinds, whole and broken. `sounds/` holds a sine of 700 Hz, a second long, an eighth of full scale, as ffmpeg makes it.

#![allow(clippy::expect_used)]

use std::io::Cursor;

use offhook_media_decode::{decode, Decoder, Piece, Refused};
use proptest::prelude::*;

fn sound(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/sounds/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a file of this repository")
}

fn decoded(bytes: Vec<u8>) -> Result<Piece, Refused> {
    decode(Cursor::new(bytes), 10_000_000)
}

fn level(samples: &[i16], rate: u32, hertz: f64) -> f64 {
    let step = std::f64::consts::TAU * hertz / f64::from(rate);
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (index, sample) in samples.iter().enumerate() {
        let (s, c) = (step * index as f64).sin_cos();
        sine += f64::from(*sample) * s;
        cosine += f64::from(*sample) * c;
    }
    2.0 * sine.hypot(cosine) / samples.len() as f64
}

const NAMES: [(&str, u32); 8] = [
    ("stereo.mp3", 44_100),
    ("narrow.mp3", 8000),
    ("voice.opus", 48_000),
    ("voice.ogg", 22_050),
    ("voice.flac", 16_000),
    ("ms.wav", 8000),
    ("ima.wav", 8000),
    ("wide.wav", 16_000),
];

#[test]
fn a_tone_is_heard_for_as_long_and_as_loud_as_it_was_made() {
    for (name, rate) in NAMES {
        let piece = decoded(sound(name)).expect(name);
        assert_eq!(piece.rate, rate, "{name}");
        let expected = if name == "wide.wav" { 100 } else { 1000 };
        let length = piece.samples.len() as u32 * 1000 / rate;
        // An MP3 without a tag of its encoder does not say how much of it is padding.
        let more = match name {
            "narrow.mp3" => 200,
            "ms.wav" | "ima.wav" => 60, // whole blocks
            _ => 5,
        };
        assert!(
            (expected - 2..=expected + more).contains(&length),
            "{name}: {length} ms"
        );
        let middle = &piece.samples[piece.samples.len() / 4..piece.samples.len() * 3 / 4];
        let loud = level(middle, rate, 700.0);
        assert!((2600.0..4600.0).contains(&loud), "{name}: {loud}"); // ffmpeg takes 3 dB off each channel of two
        assert!(level(middle, rate, 1900.0) < 150.0, "{name}");
    }
}

#[test]
fn a_file_that_is_cut_off_is_heard_as_far_as_it_goes() {
    for (name, _) in NAMES {
        let (whole, mut bytes) = (decoded(sound(name)).expect(name), sound(name));
        bytes.truncate(bytes.len() * 9 / 10);
        let part = decoded(bytes).expect(name);
        let share = part.samples.len() as f64 / whole.samples.len() as f64;
        assert!((0.4..0.95).contains(&share), "{name}: {share}");
    }
}

#[test]
fn headers_without_sound_are_refused_with_a_reason() {
    for (name, _) in NAMES {
        let mut bytes = sound(name);
        bytes.truncate(40);
        let reason = decoded(bytes).expect_err(name).0;
        assert!(reason.starts_with("is "), "{name}: {reason}");
    }
    let reason = decoded(sound("other.m4a")).expect_err("AAC").0;
    assert!(
        reason.starts_with("is an MP4 or M4A file; what can be played"),
        "{reason}"
    );
}

#[test]
fn what_is_longer_than_allowed_is_refused() {
    let reason = decode(Cursor::new(sound("voice.flac")), 8000).expect_err("a limit").0;
    assert_eq!(reason, "is longer than 0 s");
}

#[test]
fn songs_that_follow_each_other_in_a_stream_are_heard_in_turn() {
    let chained = [sound("voice.opus"), sound("voice.ogg")].concat();
    let mut decoder = Decoder::open(Cursor::new(chained), "").expect("Ogg");
    let (mut piece, mut lengths) = (Piece::default(), std::collections::HashMap::new());
    while decoder.next(&mut piece).expect("sound") {
        *lengths.entry(piece.rate).or_insert(0) += piece.samples.len() * 1000 / piece.rate as usize;
    }
    assert!(
        (980..=1010).contains(&lengths[&48_000]) && (900..=1005).contains(&lengths[&22_050]),
        "{lengths:?}"
    );
}

#[test]
fn a_picture_in_front_of_the_music_is_passed_over() {
    let mut tag = b"ID3\x03\0\0\0\0\x4e\x10".to_vec(); // 10 000 bytes
    tag.extend(std::iter::repeat_n(0xFF, 10_000));
    let piece = decoded([tag, sound("stereo.mp3")].concat()).expect("an MP3");
    assert!((990..=1005).contains(&(piece.samples.len() * 1000 / 44_100)));
}

/// Gives a few bytes, then the same ones for ever.
struct Endless(Vec<u8>, usize);

impl std::io::Read for Endless {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        for byte in room.iter_mut() {
            *byte = self.0.get(self.1).copied().unwrap_or(0x55);
            self.1 += 1;
        }
        Ok(room.len())
    }
}

#[test]
fn bytes_without_a_sound_are_not_read_for_ever() {
    for name in ["stereo.mp3", "voice.opus", "voice.flac"] {
        let mut bytes = sound(name);
        bytes.truncate(bytes.len() / 2);
        let reason = decode(Endless(bytes, 0), usize::MAX).map(drop).expect_err(name).0;
        assert!(reason.ends_with("with too much that is no sound"), "{name}: {reason}");
    }
}

#[test]
fn wav_samples_of_every_width_are_read_and_channels_are_mixed() {
    let file = |tag: u16, channels: u16, bits: u16, length: u32, data: &[u8]| {
        let mut bytes = b"RIFF\0\0\0\0WAVEJUNK\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        bytes.extend([tag, channels].iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend([8000u32, 0].iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend([channels * bits / 8, bits].iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(b"data");
        bytes.extend(length.to_le_bytes());
        bytes.extend(data);
        decoded(bytes).map(|piece| piece.samples)
    };
    assert_eq!(file(1, 1, 8, 2, &[0x80, 0xC0, 0, 0]), Ok(vec![0, 0x4000]));
    assert_eq!(file(1, 2, 16, 4, &[2, 0, 6, 0]), Ok(vec![4]));
    assert_eq!(file(1, 1, 24, u32::MAX, &[9, 0, 1, 9, 0, 0xFF]), Ok(vec![256, -256]));
    assert_eq!(file(1, 1, 32, 0, &[0, 0, 0, 0x10]), Ok(vec![0x1000]));
    assert_eq!(
        file(3, 1, 32, 8, &[0, 0, 0, 0x3F, 0, 0, 0x80, 0x7F]),
        Ok(vec![16_384, 32_767])
    );
    assert_eq!(file(3, 1, 64, 8, &[0, 0, 0, 0, 0, 0, 0xD0, 0x3F]), Ok(vec![8192]));
    assert_eq!(file(7, 1, 8, 2, &[0xFF, 0x80]), Ok(vec![0, 32_124]));
    assert_eq!(file(6, 1, 8, 1, &[0xD5]), Ok(vec![8]));
    for (tag, channels, bits) in [(85, 1, 0), (1, 0, 16), (1, 9, 16), (2, 3, 4), (17, 1, 4)] {
        let reason = file(tag, channels, bits, 4, &[0; 4]).expect_err("a reason").0;
        assert!(reason.contains("of a kind that is not supported (tag"), "{reason}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damage_is_left_out_or_refused(
        which in 0..NAMES.len(),
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = sound(NAMES[which].0);
        for (at, value) in hits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(length.index(bytes.len()) + 1);
        let limit = 10_000_000;
        if let Ok(piece) = decode(Cursor::new(bytes), limit) {
            prop_assert!(piece.samples.len() <= limit);
        }
    }
}
