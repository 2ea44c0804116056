//! The pitch period of speech: the lag at which a signal is most like itself.

use std::ops::RangeInclusive;

/// How well a signal matches what it was `lag` samples before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Samples.
    pub lag: usize,
    /// 1 is a perfect repetition, 0 is none.
    pub likeness: f32,
}

/// The best match of `samples[from..]` with what lies within `lags` before it, which must all exist. It is sought in steps of
/// `step` samples at first (8 kHz tell enough of a voice), then between them.
pub fn period(samples: &[i16], from: usize, lags: RangeInclusive<usize>, step: usize) -> Match {
    let step = step.max(1);
    let (shortest, longest) = (*lags.start(), *lags.end());
    let nothing = Match {
        lag: longest,
        likeness: 0.0,
    };
    let better = |best: Match, lag: usize, step: usize| {
        let likeness = likeness(samples, from, lag, step);
        if likeness > best.likeness {
            Match { lag, likeness }
        } else {
            best
        }
    };
    let coarse = lags.step_by(step).fold(nothing, |best, lag| better(best, lag, step));
    if step == 1 {
        return coarse;
    }
    let near = coarse.lag.saturating_sub(step - 1).max(shortest)..=(coarse.lag + step - 1).min(longest);
    let unknown = Match {
        likeness: -1.0,
        ..coarse
    };
    near.fold(unknown, |best, lag| better(best, lag, 1))
}

fn likeness(samples: &[i16], from: usize, lag: usize, step: usize) -> f32 {
    let (mut product, mut now, mut before) = (0.0f32, 1.0f32, 1.0f32);
    for at in (from..samples.len()).step_by(step) {
        let (a, b) = (f32::from(samples[at]), f32::from(samples[at - lag]));
        product += a * b;
        now += a * a;
        before += b * b;
    }
    product / (now * before).sqrt()
}

/// From `from` to `to`, a sample each, in a straight line over the length of `out`, which holds `from`.
pub fn fade(out: &mut [i16], to: &[i16]) {
    let length = out.len().max(1) as i32;
    for (n, (sample, to)) in out.iter_mut().zip(to).enumerate() {
        let n = n as i32;
        *sample = ((i32::from(*sample) * (length - n) + i32::from(*to) * n) / length) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn the_period_of_a_tone_is_found_to_the_sample() {
        for (rate, hertz, lag) in [(8000, 160.0, 50), (16_000, 160.0, 100), (48_000, 160.0, 300)] {
            let sample = |n: usize| (8000.0 * (TAU * hertz * n as f64 / f64::from(rate)).sin()) as i16;
            let samples: Vec<i16> = (0..rate / 20).map(|n| sample(n as usize)).collect();
            let per_ms = rate as usize / 1000;
            let found = period(
                &samples,
                samples.len() - 20 * per_ms,
                3 * per_ms..=10 * per_ms,
                per_ms / 8,
            );
            assert!(found.lag == lag && found.likeness > 0.99, "{rate}: {found:?}");
        }
    }

    #[test]
    fn silence_is_like_nothing() {
        assert_eq!(period(&[0; 400], 200, 20..=120, 1).likeness, 0.0);
    }
}
