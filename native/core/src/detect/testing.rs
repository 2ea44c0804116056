//! What the detectors are tested with: tones, noise, and recorded speech.

use std::path::PathBuf;

use crate::command::Tone;
use crate::tone::ToneGenerator;
use crate::RATE;

/// `ms` of a sum of sines, `(hertz, dBm0)` each.
pub fn sines(parts: &[(f64, f64)], ms: u32) -> Vec<i16> {
    let mut sum = vec![0; (RATE / 1000 * ms) as usize];
    for (frequency, level) in parts {
        let tone = Tone {
            frequencies: vec![*frequency],
            on: ms,
            off: 0,
            repeat: 1,
            level: *level,
        };
        let mut part = vec![0; sum.len()];
        ToneGenerator::new(&tone, RATE).fill(&mut part);
        mix(&mut sum, &part);
    }
    sum
}

/// Adds `other` to `sum` from its beginning.
pub fn mix(sum: &mut [i16], other: &[i16]) {
    for (sum, sample) in sum.iter_mut().zip(other) {
        *sum = sum.saturating_add(*sample);
    }
}

/// White noise of a mean level in dBm0, the same for the same seed.
pub fn noise(level: f64, length: usize, seed: u64) -> Vec<i16> {
    let peak = f64::from(super::power_of_dbm0(level as f32) * 3.0).sqrt();
    let mut state = seed;
    let next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as f64 / f64::from(1u32 << 30) - 1.0) * peak
    };
    std::iter::repeat_with(next).take(length).map(|s| s as i16).collect()
}

/// Everything that is said in the clips of `tests/data/speech`, with their names.
pub fn speech() -> Vec<(String, Vec<i16>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/speech");
    let entries = std::fs::read_dir(folder).expect("the clips");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "wav"));
    paths.sort();
    let clip = |path: PathBuf| {
        let wav =
            offhook_media_decode::decode(std::fs::File::open(&path).expect("a clip"), 1 << 26).expect("a WAV file");
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        (name.unwrap_or_default(), wav.samples)
    };
    paths.into_iter().map(clip).collect()
}
