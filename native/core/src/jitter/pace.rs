//! Time by the pitch period: speech becomes longer or shorter by one, and no pitch changes.
//!
//! A period is repeated or left out where the signal is most like itself, and blended over its whole length.

use super::pitch;

/// Least likeness at which nobody hears the seam.
const ALIKE: f32 = 0.8;
/// A peak below this is quiet enough for any seam.
const QUIET: u16 = 300;
/// The shortest and longest period in 1/8 ms.
const PERIODS: (usize, usize) = (20, 120);

/// What is to become of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A period more.
    Longer,
    /// A period less.
    Shorter,
}

/// Makes `audio` longer or shorter by one period, if a seam is not heard there, or in any case where it `must` be. Returns by how
/// many samples.
pub fn change(audio: &mut Vec<i16>, rate: u32, pace: Pace, must: bool) -> usize {
    let step = (rate as usize / 8000).max(1);
    let from = audio.len() / 2;
    let (shortest, longest) = (PERIODS.0 * step, (PERIODS.1 * step).min(from));
    if longest < shortest {
        return 0;
    }
    let found = pitch::period(audio, from, shortest..=longest, step);
    let quiet = || audio.iter().all(|sample| sample.unsigned_abs() < QUIET);
    if found.likeness < ALIKE && !must && !quiet() {
        return 0;
    }
    let (lag, tail) = (found.lag, from + found.lag);
    match pace {
        Pace::Shorter => {
            let (head, rest) = audio.split_at_mut(from);
            pitch::fade(&mut head[from - lag..], &rest[..lag]);
            audio.drain(from..tail);
        }
        Pace::Longer => {
            let mut seam = audio[from..tail].to_vec();
            pitch::fade(&mut seam, &audio[from - lag..from]);
            audio.splice(from..from, seam);
        }
    }
    lag
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn sine(hertz: f64, rate: u32, ms: usize) -> Vec<i16> {
        let sample = |n: usize| (8000.0 * (TAU * hertz * n as f64 / f64::from(rate)).sin()) as i16;
        (0..rate as usize / 1000 * ms).map(sample).collect()
    }

    #[test]
    fn a_tone_becomes_longer_and_shorter_without_a_click() {
        for rate in [8000, 16_000, 48_000] {
            for (hertz, ms) in [(200.0, 20), (440.0, 20), (1000.0, 10), (3100.0, 30), (700.0, 60)] {
                for pace in [Pace::Longer, Pace::Shorter] {
                    let before = sine(hertz, rate, ms);
                    let mut audio = before.clone();
                    let by = change(&mut audio, rate, pace, false);
                    assert!(by > 0, "{rate} {hertz} {pace:?}");
                    let length = if pace == Pace::Longer {
                        before.len() + by
                    } else {
                        before.len() - by
                    };
                    assert_eq!(audio.len(), length);
                    let steps = |audio: &[i16]| audio.windows(2).map(|w| (w[1] - w[0]).abs()).max().unwrap_or(0);
                    assert!(
                        f64::from(steps(&audio)) < 1.3 * f64::from(steps(&before)) + 20.0,
                        "{rate} {hertz} {pace:?}: {} {}",
                        steps(&audio),
                        steps(&before)
                    );
                }
            }
        }
    }

    #[test]
    fn noise_is_left_alone_unless_it_must_be() {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 18) as i16 - 8192
        };
        let audio: Vec<i16> = (0..160).map(|_| noise()).collect();
        assert_eq!(change(&mut audio.clone(), 8000, Pace::Shorter, false), 0);
        assert!(change(&mut audio.clone(), 8000, Pace::Shorter, true) > 0);
        let quiet: Vec<i16> = audio.iter().map(|sample| sample / 64).collect();
        assert!(change(&mut quiet.clone(), 8000, Pace::Longer, false) > 0);
    }

    #[test]
    fn what_is_too_short_stays_as_it_is() {
        assert_eq!(change(&mut vec![0; 30], 8000, Pace::Longer, true), 0);
        assert_eq!(change(&mut Vec::new(), 8000, Pace::Longer, true), 0);
    }
}
