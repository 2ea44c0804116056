//! Tones through a route: level, bandwidth, and what an hour leaves of them.

use std::f64::consts::TAU;

use crate::scene::{hear, Route};

/// Hertz at which a route is swept.
pub const SWEEP: [u32; 14] = [
    100, 200, 300, 500, 1000, 2000, 3000, 3400, 3800, 5000, 6000, 7000, 10_000, 18_000,
];
const PEAK: f64 = 8000.0;
/// Hertz of the tones that are said.
const RATE: u32 = 48_000;

fn tone(hertz: f64, seconds: f64, rate: u32) -> Vec<i16> {
    let sample = |n: usize| (PEAK * (TAU * hertz * n as f64 / f64::from(rate)).sin()) as i16;
    (0..(seconds * f64::from(rate)) as usize).map(sample).collect()
}

// Goertzel's algorithm: the peak of one frequency.
fn peak(samples: &[i16], rate: u32, hertz: f64) -> f64 {
    let turn = 2.0 * (TAU * hertz / f64::from(rate)).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for sample in samples {
        (before, last) = (last, f64::from(*sample) + turn * last - before);
    }
    2.0 * (last * last + before * before - turn * last * before).max(0.0).sqrt() / samples.len().max(1) as f64
}

/// The level in dB at which a tone comes out, against the one that went in.
pub fn response(route: Route, hertz: u32) -> f64 {
    let (heard, rate) = hear(route, &tone(f64::from(hertz), 1.5, RATE), RATE);
    if hertz * 2 >= rate {
        return f64::NEG_INFINITY;
    }
    let middle = &heard[heard.len() / 4..heard.len() / 2];
    20.0 * (peak(middle, rate, f64::from(hertz)) / PEAK).max(1e-4).log10()
}

/// The highest and the lowest frequency of the sweep within 3 dB of 1 kHz, and the level there.
pub fn bandwidth(route: Route) -> (u32, u32, f64) {
    let reference = response(route, 1000);
    let passes = |hertz: &&u32| response(route, **hertz) > reference - 3.0;
    let low = SWEEP.iter().find(passes).copied().unwrap_or(1000);
    let high = SWEEP.iter().rev().find(passes).copied().unwrap_or(1000);
    (low, high, reference)
}

/// What a long tone suffered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Endurance {
    /// Frames of 20 ms that are more than 1 dB softer or louder.
    pub dropouts: usize,
    /// Steps between samples that a tone does not make.
    pub clicks: usize,
    /// Milliseconds of time that went missing or came too much, of what we write down by our own clock.
    pub drift: i64,
}

/// A tone of 1 kHz for so many seconds. Its first and last second do not count: there it comes and goes.
pub fn endure(route: Route, seconds: u32) -> Endurance {
    let rate = route.from.rate();
    let (heard, rate) = hear(route, &tone(1000.0, f64::from(seconds), rate), rate);
    let second = rate as usize;
    // A far end whose clock is fast has said it all a little earlier.
    let early = heard.len() / 1000;
    let middle = &heard[second..(heard.len() - 2 * second - early).max(second)];
    let power = |frame: &[i16]| frame.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / frame.len() as f64;
    let level = |frame: &[i16]| 10.0 * (power(frame) * 2.0 / (PEAK * PEAK)).max(1e-9).log10();
    let usual = level(middle);
    let most = 1.5 * PEAK * TAU * 1000.0 / f64::from(rate) + 500.0;
    let step = |w: &&[i16]| (f64::from(w[1]) - f64::from(w[0])).abs() > most;
    let wanted = (i64::from(seconds) + 1) * 1000;
    Endurance {
        dropouts: middle
            .chunks_exact(second / 50)
            .filter(|frame| (level(frame) - usual).abs() > 1.0)
            .count(),
        clicks: middle.windows(2).filter(step).count(),
        drift: heard.len() as i64 * 1000 / i64::from(rate) - wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Impairment, Path};
    use offhook_media_core::codec::Codec;

    fn route(path: Path, from: Codec, to: Codec) -> Route {
        let line = Impairment::default();
        Route { path, from, to, line }
    }

    #[test]
    fn every_codec_keeps_its_bandwidth_and_level_on_every_way() {
        for (codec, highest) in [
            (Codec::Pcmu, 3400),
            (Codec::G722, 6000),
            (Codec::Opus, 6000),
            (Codec::L16(48_000), 18_000),
        ] {
            let (low, high, level) = bandwidth(route(Path::Bridge, codec, codec));
            assert!(low <= 100 && high >= highest, "{codec:?}: {low} {high}");
            assert!(level.abs() < 0.5, "{codec:?}: {level}");
            for path in [Path::Play, Path::Record, Path::Conference] {
                let (low, high, level) = bandwidth(route(path, codec, codec));
                assert!(low <= 100 && high >= 3400, "{path:?} {codec:?}: {low} {high}");
                assert!(level.abs() < 0.5, "{path:?} {codec:?}: {level}");
            }
        }
    }

    #[test]
    fn three_minutes_of_a_drifting_far_end_have_no_dropout_and_no_click() {
        for (path, to) in [
            (Path::Record, Codec::Pcmu),
            (Path::Bridge, Codec::G722),
            (Path::Conference, Codec::G722),
        ] {
            for drift in [-100.0, 100.0] {
                let line = Impairment {
                    drift,
                    ..Impairment::default()
                };
                let found = endure(
                    Route {
                        path,
                        from: Codec::Pcmu,
                        to,
                        line,
                    },
                    180,
                );
                assert_eq!((found.dropouts, found.clicks), (0, 0), "{path:?} {drift}");
                assert!(found.drift.abs() <= 40, "{found:?}");
            }
        }
    }
}
